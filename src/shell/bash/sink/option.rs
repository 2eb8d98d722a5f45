//! Options of programs whose value is a program, or decides what runs: their words, and tables by program.

/// Words of long options whose value is a program, or decides what runs.
const RUNNING: &[&str] = &[
    "exec",
    "command",
    "cmd",
    "shell",
    "rsh",
    "program",
    "pager",
    "editor",
    "hook",
    "hooks",
    "script",
    "plugin",
    "entrypoint",
    "preload",
    "interpreter",
    "eval",
    "config",
    "action",
    "pack",
    "proxy",
    "require",
    "import",
    "loader",
    "specs",
    "toolexec",
    "askpass",
    "engine",
    "fplugin",
    "wrapper",
    "expr",
    "execute",
    "scripts",
    "commands",
    "wrap",
];

/// Whole long options of the same kind.
const RUNNING_LONG: &[&str] = &["--rsync-path", "--rmt-command", "--init-file", "--rcfile", "--run", "--post-renderer"];

/// Long options of the same kind of programs that take them shortened, as long as no other begins so (getopt_long(3)).
const RUNNING_SHORTENED: &[(&str, &[&str])] = &[
    (
        "tar",
        &[
            "--use-compress-program",
            "--checkpoint-action",
            "--to-command",
            "--info-script",
            "--new-volume-script",
            "--rsh-command",
            "--rmt-command",
        ],
    ),
    ("sort", &["--compress-program"]),
    ("split", &["--filter"]),
    ("wget", &["--execute", "--use-askpass"]),
];

/// Options that begin so, and are others.
const WHOLE: &[&str] = &["--checkpoint"];

/// How long the shortest of them is: `--to-`.
const SHORTENED_MIN: usize = 5;

/// Options that name a file of settings which say what the program runs: the plugin that signs in, the key of an alias,
/// another file of options.
const SETTINGS_FILES: &[(&str, &[&str])] = &[
    ("kubectl", &["--kubeconfig"]),
    ("oc", &["--kubeconfig", "--config"]),
    ("helm", &["--kubeconfig"]),
    ("scp", &["-F"]),
    ("sftp", &["-F"]),
    ("curl", &["-K", "--config"]),
    ("wget", &["--config"]),
    ("npm", &["--userconfig", "--globalconfig"]),
    ("mutt", &["-F"]),
    ("neomutt", &["-F"]),
];

/// Short options of the same kind, by program.
const RUNNING_SHORT: &[(&str, &[&str])] = &[
    ("man", &["-P", "-H"]),
    ("split", &["--filter"]),
    ("rsync", &["-e"]),
    ("tar", &["-I", "-F"]),
    ("git", &["-c", "-O", "--smtp-server", "--template", "--git-dir", "--tool", "--extcmd"]),
    ("apt-get", &["-o", "-c", "--option"]),
    ("apt", &["-o", "-c", "--option"]),
    ("go", &["-vettool", "--vettool", "-toolexec"]),
    ("npm", &["--node-options", "--userconfig", "--globalconfig"]),
    ("kubectl", &["--kubeconfig"]),
    ("helm", &["--kubeconfig"]),
    ("aria2c", &["--on-download-complete", "--on-download-start", "--on-download-error", "--on-download-stop"]),
    ("mailx", &["-S"]),
    ("mail", &["-S"]),
    ("sendmail", &["-C"]),
    ("gradle", &["-I"]),
    ("gradlew", &["-I"]),
    ("node", &["--node-options"]),
    ("scp", &["-o", "-S", "-F"]),
    ("sftp", &["-o", "-S", "-F"]),
    ("zip", &["-TT"]),
    ("wget", &["-e"]),
    ("curl", &["-K"]),
    ("make", &["-f", "-I"]),
    ("java", &["-jar", "-cp", "-classpath"]),
    ("nc", &["-e", "-c"]),
    ("ncat", &["-e", "-c"]),
    ("netcat", &["-e", "-c"]),
    ("ghc", &["-e"]),
    ("rg", &["--pre", "--hostname-bin"]),
    ("mutt", &["-e", "-F"]),
    ("neomutt", &["-e", "-F"]),
    ("tcpdump", &["-z"]),
    ("mapfile", &["-C"]),
    ("npm", &["-c"]),
    ("pnpm", &["-c"]),
    ("nix", &["-c"]),
    ("entr", &["-s"]),
    ("gcc", &["-B"]),
    ("pandoc", &["--filter", "-F", "--lua-filter", "-L", "--template", "--pdf-engine"]),
    ("eslint", &["-f", "--format", "-c", "--parser", "--rulesdir"]),
    ("curl", &["-x", "--resolve", "--connect-to", "--doh-url", "--unix-socket", "--abstract-unix-socket"]),
    ("docker", &["-H", "--host", "--context"]),
    ("mvn", &["-s", "-gs", "--settings", "--global-settings"]),
    ("cargo", &["--target"]),
    ("helm", &["--repo", "--registry-config", "--ca-file"]),
    ("aws", &["--endpoint-url", "--ca-bundle", "--user-data"]),
    ("cdk", &["--app", "-a"]),
    ("git", &["--separate-git-dir"]),
    ("scons", &["-f", "--file", "--makefile", "--sconstruct"]),
    ("bundle", &["--gemfile"]),
    ("helmfile", &["-f", "--file"]),
    ("bazel", &["--bazelrc"]),
];

/// Options whose value is the folder, or a file in the folder, in which the program does what it is told: as behind `cd`.
const FOLDERS: &[(&str, &[&str])] = &[
    ("make", &["-C", "--directory"]),
    ("gmake", &["-C", "--directory"]),
    ("git", &["-C"]),
    ("terraform", &["-chdir", "--chdir"]),
    ("tofu", &["-chdir", "--chdir"]),
    ("mvn", &["-f", "--file"]),
    ("mvnw", &["-f", "--file"]),
    ("gradle", &["-p", "--project-dir"]),
    ("gradlew", &["-p", "--project-dir"]),
    ("cargo", &["--manifest-path"]),
    ("npm", &["--prefix", "-C"]),
    ("pnpm", &["--prefix", "-C", "--dir"]),
    ("yarn", &["--cwd"]),
    ("scons", &["-C", "--directory"]),
    ("pulumi", &["-C", "--cwd"]),
];

/// Programs of which an option that is one plain word deletes, overwrites or gives rights: `find -delete`, `docker run
/// --privileged`, `kubectl delete --all`.
const STRONG: &[&str] =
    &["find", "rm", "cp", "mv", "ln", "docker", "podman", "nerdctl", "kubectl", "oc", "helm", "terraform", "tofu"];

/// The longest word that counts as several options of one letter: longer ones are one, such as `-DskipTests`.
const CLUSTER_MAX: usize = 6;

/// Says whether an option's value is a program, or decides what runs.
pub(super) fn is_running(program: &str, option: Option<&str>) -> bool {
    let Some(option) = option else { return false };
    // The last letter of several may be such an option too: `rsync -ave`.
    let is_cluster = (3..=CLUSTER_MAX).contains(&option.len()) && !option.starts_with("--");
    let ends_so = |known: &str| option == known || is_cluster && known.len() == 2 && option.ends_with(&known[1..]);
    let by_program =
        RUNNING_SHORT.iter().any(|(name, options)| *name == program && options.iter().any(|it| ends_so(it)));
    let is_long = option.len() > 2;
    let shortened = || {
        let all = RUNNING_SHORTENED.iter().filter(|(name, _)| *name == program).flat_map(|(_, options)| *options);
        option.len() >= SHORTENED_MIN && !WHOLE.contains(&option) && all.into_iter().any(|it| it.starts_with(option))
    };
    by_program
        || shortened()
        || RUNNING_LONG.contains(&option)
        || is_long && option.trim_start_matches('-').split('-').any(|word| RUNNING.contains(&word))
}

/// Says whether an option's value is the folder in which the program does what it is told.
pub(super) fn names_place(program: &str, option: &str) -> bool {
    FOLDERS.iter().any(|(name, options)| *name == program && options.contains(&option))
}

/// Says whether an option's value is the name of a file of settings that say what the program runs.
pub(super) fn names_settings(program: &str, option: &str) -> bool {
    SETTINGS_FILES.iter().any(|(name, options)| *name == program && options.contains(&option))
}

/// Says whether a program has options by which it runs another one, or of which the name alone does harm.
pub(super) fn has_strong_options(program: &str) -> bool {
    STRONG.contains(&program)
        || RUNNING_SHORT.iter().any(|(name, _)| *name == program)
        || RUNNING_SHORTENED.iter().any(|(name, _)| *name == program)
}
