//! Secrets and command lines: every user of a machine reads those of all its processes.

use super::fake::Machine;
use super::prints;

const CONFIGURATION: &str = "variable-groups:\n  keys: {token: {secret: {value: 's3cr3t w\"rd*'}}}\n";
/// Looks for the secret in the command lines of all processes.
const LOOK: &str = r#"
for file in /proc/[0-9]*/cmdline; do
  line=$(tr '\0' ' ' < "$file" 2>/dev/null)
  case $line in *"$WANTED"*) echo "seen in: ${line%% *}";; esac
done
echo looked
"#;

fn machine() -> Machine {
    Machine::with_configuration(CONFIGURATION)
}

/// Returns what a step prints of a task that runs a file, without and with a secret in the job, which is to be the same.
#[track_caller]
fn same(task: &str, inputs: &str, files: &[(&str, &str)], expected: &[&str]) {
    for group in ["", "variables:\n- group: keys\n"] {
        let machine = machine();
        let mut steps = format!("{group}steps:\n");
        for (name, text) in files {
            machine.file(&format!("given/{name}"), text);
            let from = machine.path().join("given").join(name);
            steps.push_str(&format!("- script: mkdir -p sub && cp {} sub/{name}\n", from.display()));
        }
        steps.push_str(&format!("- task: {task}\n  inputs: {inputs}\n  env: {{WANTED: a word}}\n"));
        let output = machine.run(&steps);
        prints(&output, expected);
    }
}

#[test]
fn a_secret_among_the_arguments_of_a_file_is_in_no_command_line() {
    let machine = machine();
    machine.file("given/a.sh", &format!("[ \"$1\" = \"$WANTED\" ] && echo \"bash got it, and $2\"\n{LOOK}"));
    let python = "import os, sys\nprint('python got it, and', sys.argv[2]) if sys.argv[1] == os.environ['WANTED'] else \
                  print(sys.argv)\nos.system('bash ' + os.environ['LOOK'])\n";
    machine.file("given/a.py", python).file("given/look.sh", LOOK);
    let given = machine.path().join("given");
    let given = given.display();
    let steps = format!(
        "variables:\n- group: keys\nsteps:\n- script: cp {given}/* .\n\
         - task: Bash@3\n  inputs: {{filePath: a.sh, arguments: \"'$(token)' one\"}}\n  env: {{WANTED: $(token)}}\n\
         - task: Bash@3\n  inputs: {{filePath: a.sh, arguments: '\"$WANTED\" two | cat'}}\n  env: {{WANTED: $(token)}}\n\
         - task: ShellScript@2\n  inputs: {{scriptPath: a.sh, args: '\"$(escaped)\" three'}}\n  \
         env: {{WANTED: $(token)}}\n\
         - task: PythonScript@0\n  inputs: {{scriptPath: a.py, arguments: '\"$(escaped)\" four'}}\n  \
         env: {{WANTED: $(token), LOOK: {given}/look.sh}}\n\
         - task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    arguments: '\"$(escaped)\" five'\n    script: |\n      \
         {}\n  env: {{WANTED: $(token), LOOK: {given}/look.sh}}\n",
        python.trim_end().replace('\n', "\n      ")
    );
    // Tasks split arguments at blanks outside of quotes, in which `\"` is a quote.
    let steps = steps.replacen("- group: keys\n", "- group: keys\n- name: escaped\n  value: $(token)\n", 1);
    let steps = steps.replace("$(escaped)", "s3cr3t w\\\"rd*");
    let output = machine.run(&steps).ended_with(0);
    prints(&output, &["bash got it, and one", "bash got it, and two", "bash got it, and three"]);
    prints(&output, &["python got it, and four", "python got it, and five"]);
    assert_eq!(output.stdout.matches("\nlooked\n").count(), 5, "{}", output.stdout);
    assert!(!output.stdout.contains("seen in"), "{}", output.stdout);
}

#[test]
fn a_file_of_bash_finds_its_arguments_as_on_its_command_line() {
    let script = "echo \"<${0##*/s/}> <${BASH_SOURCE[0]##*/s/}> $# <$1> <$2> <$3> ${#FUNCNAME[@]} $- $LINENO\"\n\
                  caller; set | grep -a '^PIPEHOOK' ; env | grep -a PIPEHOOK_[A-Z]*_\n[[ $0 == \"${BASH_SOURCE[0]}\" ]] && echo main\nexit 7\n";
    let line = "<sub/a.sh> <sub/a.sh> 3 <a b> <c> <> 0 hB 1";
    let ends = "##[error]Bash exited with code '7'.";
    same(
        "Bash@3",
        "{filePath: sub/a.sh, arguments: '\"a b\" c \"\"'}",
        &[("a.sh", script)],
        &[line, "0 NULL", "main", ends],
    );
    same("ShellScript@2", "{scriptPath: sub/a.sh, args: '\"a b\" c \"\"'}", &[("a.sh", script)], &[line, "main", ends]);
    // What the author has bash read before each script, and what bash is told to be.
    let steps = "\
variables:
- group: keys
steps:
- script: |
    mkdir -p sub
    echo 'echo \"before $# $1\"; export SEEN=yes' > before.sh
    echo 'echo \"$# $1 ${SEEN-no} ${BASH_ENV##*/} $SHELLOPTS\" | sed s/hashall.*posix/posix/' > a.sh
- task: Bash@3
  inputs: {filePath: a.sh, arguments: x}
  env: {BASH_ENV: $HOME/../before.sh, HOME: $(System.DefaultWorkingDirectory)/sub}
- task: Bash@3
  inputs: {filePath: a.sh, arguments: y}
  env: {POSIXLY_CORRECT: 1}
";
    let output = machine().run(steps).ended_with(0);
    prints(&output, &["before 1 x", "1 x yes before.sh braceexpand:hashall:interactive-comments"]);
    assert!(output.stdout.contains("1 y no  braceexpand:posix"), "{output:?}");
}

#[test]
fn a_file_of_python_finds_its_arguments_as_on_its_command_line() {
    let script = "\"\"\"text\"\"\"\nimport os, sys, other\nclass A: pass\nimport pickle\n\
                  print(sys.argv[0].endswith('/s/sub/a.py'), sys.argv[1:], __file__ == sys.argv[0], __name__, __doc__, other.x,\n\
                  \x20     os.path.basename(sys.path[0]), type(pickle.loads(pickle.dumps(A()))) is A,\n\
                  \x20     [name for name in list(globals()) + list(os.environ) if 'PIPEHOOK_A' in name.upper() or 'start' in name])\n\
                  def wrong(): raise ValueError('no')\nif sys.argv[1] == 'a b': wrong()\n";
    let files = [("a.py", script), ("other.py", "x = 5\n")];
    let expected = [
        "True ['a b', 'c', ''] True __main__ text 5 sub True []",
        "Traceback (most recent call last):",
        "ValueError: no",
        "##[error]Python exited with code '1'.",
    ];
    same("PythonScript@0", "{scriptPath: sub/a.py, arguments: '\"a b\" c \"\"'}", &files, &expected);
    let machine = machine();
    let steps = "variables:\n- group: keys\nsteps:\n- script: printf 'def f():\\n  raise SystemExit(\"x\" + 1)\\nf()\\n' > a.py\n\
                 - task: PythonScript@0\n  inputs: {scriptPath: a.py, arguments: x}\n";
    let output = machine.run(steps).ended_with(1);
    let frames = output.stdout.lines().filter(|line| line.contains("  File \"")).count();
    assert!(frames == 2 && !output.stdout.contains("words.py"), "{output:?}");
}

#[test]
fn a_tool_that_is_given_a_secret_in_its_command_line_is_warned_of() {
    let machine = machine();
    machine.program("npm", "echo called\n");
    let steps = |custom: &str| {
        format!(
            "variables:\n- group: keys\nsteps:\n- task: Npm@1\n  inputs: {{command: custom, customCommand: '{custom}'}}\n"
        )
    };
    let output = machine.run(&steps("publish --token=$(token)")).ended_with(0);
    prints(&output, &["called"]);
    assert!(output.stdout.contains("##[warning]The command line of `npm` has a secret in it"), "{output:?}");
    // Without the quote that splitting it into words takes away, too.
    assert!(output.stdout.contains("##[command]npm publish --token=***"), "{output:?}");
    let output = machine.run(&steps("publish")).ended_with(0);
    assert!(!output.stdout.contains("##[warning]"), "{output:?}");
}

#[test]
fn a_secret_in_the_options_of_a_container_is_given_by_name_or_refused() {
    let machine = machine();
    let pipeline = |options: &str| {
        format!(
            "variables:\n- group: keys\nresources:\n  containers:\n  - container: box\n    image: i\n    options: {options}\n\
             container: box\nsteps:\n- script: echo\n"
        )
    };
    machine.program(
        "docker",
        "echo \"$*\" >> \"$HOME/calls\"\nif [ \"$1\" = create ]; then printf '%s|%s' \"$KEY\" \"$OTHER\" > \"$HOME/values\"; exit 1; fi\n",
    );
    machine.run(&pipeline("-e KEY=$(token) --env=OTHER=x$(token) --cpus 1")).ended_with(1);
    let read = |name: &str| std::fs::read_to_string(machine.path().join(name)).unwrap_or_default();
    let calls = read("calls");
    assert!(calls.contains("-e KEY --env=OTHER --cpus 1") && !calls.contains("s3cr3t"), "{calls}");
    assert_eq!(read("values"), "s3cr3t w\"rd*|xs3cr3t w\"rd*");
    for options in ["--label a=$(token)", "$(token)", "-e $(token)=x", "-e PATH=$(token)"] {
        let output = machine.run(&pipeline(options)).ended_with(1);
        assert!(
            output.stdout.contains("The options of a container would put a secret into a command line"),
            "{output:?}"
        );
    }
    assert!(!read("calls").contains("s3cr3t"), "{}", read("calls"));
}
