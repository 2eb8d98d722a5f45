//! Scripts and values at random, many in one shell: what a script prints with a value is what it
//! prints with a token, the token replaced by the value; its text is the same for both; and no value
//! is run. Lines that evaluate what they get are among them: where such a script takes a value at all,
//! nothing may come of it. `PIPEHOOK_FUZZ` says how many cases, `PIPEHOOK_SEED` repeats a run.

use super::running::{Workspace, placed};
use std::fmt::Write as _;
use std::process::{Command, Stdio};

/// Cases where `PIPEHOOK_FUZZ` says nothing; a case is a script with a value.
const CASES: u64 = 10_000;
/// Scripts of one shell, and values of one script.
const SCRIPTS: usize = 50;
const VALUES: usize = 12;

/// The value whose place in the output shows where others must stand.
const TOKEN: &str = "T0k3n";

/// Programs of the scripts as functions: a new process for each would take most of the time.
const PRELUDE: &str = "\
cat() { local all; IFS= read -r -d '' all; printf '%s' \"$all\"; }
touch() { : > \"$1\"; }
same() { printf '%s\\n' \"$@\"; }
";

/// What values are made of: whatever ends or begins something somewhere.
const PIECES: &[&str] = &[
    "a",
    "B7",
    " ",
    "  ",
    "'",
    "\"",
    "`",
    "$",
    "\\",
    "\n",
    "\t",
    "$(touch CANARY)",
    "`touch CANARY`",
    ";touch CANARY;",
    "|touch CANARY",
    "\ntouch CANARY\n",
    "&touch CANARY&",
    ">CANARY",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "]]",
    "))",
    ";;",
    "EOF",
    "\nEOF\n",
    "\nE1\n",
    "\nE2\n",
    "E O F",
    "\nE O F\n",
    "#",
    " #",
    "*",
    "?",
    "~",
    "!",
    "!!",
    "${SECRET}",
    "$SECRET",
    "${x:-$(touch CANARY)}",
    "a[$(touch CANARY)]",
    "$((",
    "$'",
    "$\"",
    "\\'",
    "\\\"",
    "\\\\",
    "é",
    "\u{2028}",
    "\u{7f}",
    "\r",
    "=",
    "-",
    "%s",
    "%n",
    "<",
    "<<E",
    "<<<",
    "esac",
    "done",
    "fi",
    "}\"",
    "'\"'",
    "\"'\"",
    "\u{e000}",
];

/// Lines that run, evaluate or take as a name what they get, `W` being a word with a hole.
const SINKS: &[&str] = &[
    "eval W",
    "eval \"same W\"",
    "q=W; eval \"$q\"",
    "q=W; $q",
    "q=W; r=$q; \"$r\"",
    "bash -c W",
    "bash -c \"same W\"",
    "bash -c 'eval \"$0\"' W",
    "bash -c '$1' _ W",
    "sh -c 'eval \"$@\"' _ W",
    "env W",
    "env A=1 W",
    "nice W",
    "timeout 9 W",
    "flock f W",
    "flock f -c W",
    "command W",
    "exec W",
    "nohup W",
    "env -S W",
    "trap W EXIT",
    "trap \"W\" EXIT",
    "q=W; trap 'eval \"$q\"' EXIT",
    ". <(same W)",
    ". /dev/stdin <<< W",
    "source none W",
    "bash <<< W",
    "bash /dev/fd/3 3<<< W",
    "same W | bash",
    "same W | xargs sh -c",
    "same W | xargs -I% sh -c '%'",
    "xargs -a <(same W) env",
    "find . -maxdepth 0 -exec sh -c W \\;",
    "find . -maxdepth 0 -exec W \\;",
    "same W > g; . ./g",
    "same W > g; bash ./g*",
    "same W > g; bash < g",
    "same W > g; eval \"$(cat < g)\"",
    "same W > g; find . -name g -exec sh {} \\;",
    "same W > g; ls | xargs -n1 sh",
    "same W > g; cat g* | sh",
    "same W > g; read -r q < g; eval \"$q\"",
    ": W; eval \"$_\"",
    "[[ W =~ (.*) ]]; eval \"${BASH_REMATCH[1]}\"",
    "set -- W; eval \"$1\"",
    "set -- W; \"$@\"",
    "k() { eval \"$1\"; }; k W",
    "k() { \"$@\"; }; k W",
    "k() { local -n r=$1; same \"$r\"; }; k W",
    "declare -n r=W; same \"$r\"",
    "declare W",
    "declare -i q=W",
    "q=W; declare -i r; r=$q",
    "local q=W; eval \"$q\"",
    "printf -v W x",
    "printf -v 'a[q]' x; q=W",
    "read W <<< x",
    "read -r q <<< W; eval \"$q\"",
    "mapfile -t a <<< W; \"${a[0]}\"",
    "mapfile -C W -c 1 a <<< x",
    "mapfile -C eval -c 1 a <<< W",
    "q=W; same \"${!q}\"",
    "q=W; same \"${q@P}\"",
    "unset W",
    "test -v W",
    "[ -v W ]",
    "[[ -v W ]]",
    "[[ W -eq 1 ]]",
    "q=W; [[ q -gt 1 ]]",
    "((q = W))",
    "q=W; ((q++))",
    "q=W; same $((q))",
    "q=W; same \"${a[q]}\"",
    "a[W]=1",
    "declare -A m; m[W]=1; same \"${m[@]}\"",
    "let q=W",
    "same \"${V:W}\"",
    "q=W; same \"${V:q}\"",
    "alias k=W",
    "for q in W; do $q; done",
    "case a in a) eval W ;; esac",
    "coproc W",
    "PS4=W; set -x; same a",
    "BASH_ENV=W bash -c true",
    "same W >&W",
    "printf W",
    "printf \"%s$(printf W)\" x",
    "cat <<E\nW\nE\n",
    "sh <<E\nsame W\nE\n",
    "bash <<'E'\nsame W\nE\n",
    "getopts W o",
    "hash -p W ls",
    "python3 -c W",
    "awk W f",
    "awk -v q=W 'BEGIN { system(q) }'",
    "sed -n W f",
    "q=W awk 'BEGIN { system(ENVIRON[\"q\"]) }'",
    "export q=W; sh -c '$q'",
    "export q=W; env bash -c 'eval \"$q\"'",
];

#[test]
fn random_scripts_print_random_values_and_run_none() {
    let cases = number("PIPEHOOK_FUZZ").unwrap_or(CASES);
    let seed = number("PIPEHOOK_SEED").unwrap_or_else(|| {
        std::hash::Hasher::finish(&std::hash::BuildHasher::build_hasher(&std::hash::RandomState::new()))
    });
    println!("seed {seed}");
    let mut random = Random(seed | 1);
    let workspace = Workspace::new();
    let canary = workspace.canary().display().to_string();
    let (mut run, mut refused, mut sinks) = (0, 0, 0);
    while run < cases {
        let batch = Batch::generate(&mut random, &canary);
        batch.check(&workspace);
        refused += batch.refused;
        sinks += batch.refused_sinks;
        run += batch.runs() as u64;
    }
    println!("{run} cases run, {refused} values refused, {sinks} by scripts that could run them");
    assert!(refused * 4 < run, "{refused} of {run} values were refused");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A small generator, so that a seed is enough to repeat a run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn pick<'p>(&mut self, from: &[&'p str]) -> &'p str {
        from[self.below(from.len())]
    }

    fn value(&mut self) -> String {
        (0..=self.below(4)).map(|_| self.pick(PIECES)).collect()
    }

    /// Returns an argument with a hole in it, in quotes and substitutions of any kind.
    fn word(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) > 0 {
            let leaf = self.pick(&[
                "\"<H>\"",
                "'<H>'",
                "$'<H>\\n'",
                "\"<\"H\">\"",
                "\\<H\\>",
                "a'<H>'b",
                "\"${U:-<H>}\"",
                "${U:-\"<\"H\">\"}",
                "\"${V:+<H>}\"",
                "$\"<H>\"",
                "\"<\"'H'\">\"",
                "'<'H\"${U}\"'>'",
                "\"\\\"H\\\"\"",
                "'\"H\"'",
                "\"it's H\"",
                "H",
                "x=H",
                "\"${V/v/<H>}\"",
                "\"${W='H'}\"",
            ]);
            return leaf.to_owned();
        }
        let inner = self.word(depth - 1);
        match self.below(12) {
            0 => format!("\"$(same {inner})\""),
            1 => format!("\"$(same {inner} # H '\n)\""),
            2 => format!("\"`same {}`\"", self.pick(&["H", "'H'", "\"H\""])),
            3 => format!("\"$(cat <<E{depth}\n<H> $(same {inner})\nE{depth}\n)\""),
            4 => format!("\"$(if true; then same {inner}; fi)\""),
            5 => format!("\"$(case a in (a) same {inner} ;; esac)\""),
            6 => format!("\"$(z={inner}; same \"$z\")\""),
            7 => format!("\"$(g() {{ same \"$1\"; }}; g {inner})\""),
            8 => format!("\"$(for i in {inner}; do same \"$i\"; done)\""),
            9 => format!("\"$(cat < <(same {inner}))\""),
            10 => format!("\"${{U:-$(same {inner})}}\""),
            _ => format!("\"$( (same {inner}) )\""),
        }
    }

    /// Returns a line that could run its value.
    fn sink(&mut self) -> String {
        let word = self.word(1);
        let sink = self.pick(SINKS).replace('H', "\u{1}").replace('W', &word).replace('\u{1}', "H");
        format!("(\n{sink}\n) > /dev/null 2>&1 < /dev/null\n")
    }

    fn line(&mut self) -> String {
        let word = self.word(2);
        match self.below(36) {
            18 => format!("printf -v q '%s' {word}; same \"$q\"\n"),
            19 => format!("IFS= read -r -d '' q < <(printf '%s\\0' {word}); same \"$q\"\n"),
            20 => format!("mapfile -d '' -t a < <(printf '%s\\0' {word}); same \"${{a[@]}}\"\n"),
            21 => format!("declare q={word}; same \"$q\"\n"),
            22 => format!("declare -A m; m[k]={word}; same \"${{m[k]}}\"\n"),
            23 => format!("same {word} > f; cat < f\n"),
            24 => format!("[[ {word} != zzz && zzz != {word} ]] && same y {word}\n"),
            25 => format!("[[ {word} =~ ^zzz$ ]] || same n {word}\n"),
            26 => format!("q={word}; eval 'same \"$q\"'\n"),
            27 => format!("( q={word}; trap 'same \"$q\"' EXIT )\n"),
            28 => format!("a=(); a+=({word}); same \"${{a[0]}}\"\n"),
            29 => format!("set -- {word} end; while (($#)); do same \"$1\"; shift; done\n"),
            30 => "cat <<\"E\"\n<H> $HOME\nE\n".to_owned(),
            31 => format!("same \"$(cat <<-'E'\n\t<H> `id`\n\tE\n)\" {word}\n"),
            32 if self.below(8) == 0 => format!("bash -c 'printf \"%s\\n\" \"$0\" \"$1\"' {word} {word}\n"),
            33 if self.below(8) == 0 => {
                let launcher = self.pick(&["env A=1", "nice", "timeout 9", "flock f", "xargs -a /dev/null"]);
                format!("{launcher} printf '<%s>\\n' {word}\n")
            }
            34 => format!("k() {{ local q=$1; same \"$q\" \"${{@:2}}\"; }}; k {word} b\n"),
            35 => format!("while IFS= read -r -d '' q; do same \"$q\"; done < <(printf '%s\\0' {word} b)\n"),
            0 => "cat <<'E O F'\n<H> $HOME `id` \\ \"H\"\nE O F\n".to_owned(),
            1 => "cat <<-EOF\n\t<H> \\$x \"H\" 'H'\n\tEOF\n".to_owned(),
            2 => "cat <<\\EOF\n<H>\\\nEOF\n".to_owned(),
            3 => format!("cat <<< {word} # H '\n"),
            4 => format!("q={word}; same \"$q\" \"${{q}}\"\n"),
            5 => format!("a=(1 {word} H); same \"${{a[@]}}\"\n"),
            6 => format!("[ {word} = zzz ] || same {word}\n"),
            7 => format!("[[ zzz == {word} ]] || same ok\n"),
            8 => format!("case {word} in zzz) ;; *) same {word} ;; esac\n"),
            9 => format!("case zzz in {word}) same no ;; *) same yes ;; esac\n"),
            10 => format!("for i in {word} H; do same \"$i\"; done\n"),
            11 => format!("{{ same {word}; same 'H'; }}\n"),
            12 => format!("( same {word} ) && same \"H\" || same no\n"),
            13 => format!("f() {{ same \"$@\"; }}; f {word} H\n"),
            14 => format!("while read -r l; do same \"$l\"; break; done <<< \"x\"; same {word}\n"),
            15 => format!("same {word} | cat\n"),
            16 => format!("eval \"same '<H>'\"\nsame {word}\n"),
            _ => format!("same {word} H 'H' \"H\"\n"),
        }
    }
}

struct Case {
    template: String,
    script: String,
    holes: usize,
    /// The token first, where the script takes it.
    values: Vec<String>,
    /// The script could run its values: what it prints is not looked at.
    is_sink: bool,
}

#[derive(Default)]
struct Batch {
    cases: Vec<Case>,
    refused: u64,
    /// How many values scripts did not take that could run them.
    refused_sinks: u64,
}

impl Batch {
    fn generate(random: &mut Random, canary: &str) -> Self {
        let mut batch = Self::default();
        for _ in 0..SCRIPTS {
            let is_sink = random.below(3) == 0;
            let lines = 1 + random.below(2);
            let template: String = if is_sink { random.sink() } else { (0..lines).map(|_| random.line()).collect() };
            let template = template.replace('H', "${{ x }}").replace("${{ x }}OME", "HOME");
            let template = template.replace("BAS${{ x }}_", "BASH_");
            if is_sink {
                batch.add_sink(random, template, canary);
                continue;
            }
            let token = placed(&template, TOKEN).unwrap_or_else(|refusals| panic!("{template}\n{refusals:?}"));
            let mut values = vec![TOKEN.to_owned()];
            for _ in 0..VALUES {
                let value = random.value().replace("CANARY", canary);
                match placed(&template, &value) {
                    Err(refusals) => {
                        assert!(refusals.iter().all(|refusal| refusal.value_dependent), "{template}\n{refusals:?}");
                        batch.refused += 1;
                    }
                    Ok(placed) => {
                        assert_eq!(placed.script, token.script, "{template}");
                        values.push(value);
                    }
                }
            }
            let (holes, script) = (token.holes.len(), token.script);
            batch.cases.push(Case { template, holes, script, values, is_sink });
        }
        batch
    }

    /// Adds a script that could run its values, with those that it takes.
    fn add_sink(&mut self, random: &mut Random, template: String, canary: &str) {
        let mut case = Case { template, script: String::new(), holes: 0, values: Vec::new(), is_sink: true };
        for _ in 0..VALUES {
            let value = random.value().replace("CANARY", canary);
            match placed(&case.template, &value) {
                Err(_) => self.refused_sinks += 1,
                Ok(placed) => {
                    assert!(case.values.is_empty() || case.script == placed.script, "{}", case.template);
                    (case.script, case.holes) = (placed.script, placed.holes.len());
                    case.values.push(value);
                }
            }
        }
        if !case.values.is_empty() {
            self.cases.push(case);
        }
    }

    fn runs(&self) -> usize {
        self.cases.iter().map(|case| case.values.len()).sum()
    }

    /// Runs every script with every value, and compares what it prints with what it prints for the token.
    fn check(&self, workspace: &Workspace) {
        let output = self.run(workspace);
        if workspace.canary().exists() || output.len() != self.runs() {
            self.find(workspace);
        }
        let mut output = output.into_iter();
        for case in &self.cases {
            if case.is_sink {
                output.by_ref().take(case.values.len()).for_each(drop);
                continue;
            }
            let with_token = output.next().expect("the token's output");
            for value in case.values.iter().skip(1) {
                let printed = output.next().expect("the value's output");
                let wanted = with_token.replace(TOKEN, value);
                assert_eq!(printed, normal(&wanted, &printed), "{value:?}\n{}\nbecame\n{}", case.template, case.script);
            }
        }
    }

    /// Returns what each run printed; fewer if the shell stopped early.
    fn run(&self, workspace: &Workspace) -> Vec<String> {
        let mut script = String::from(PRELUDE);
        let mut data = Vec::new();
        for case in &self.cases {
            let all = (2..=case.holes).map(|hole| format!("PIPEHOOK_{hole}=$PIPEHOOK_1\n")).collect::<String>();
            for value in &case.values {
                let reset = "unset U W q a z i l; V=v\nIFS= read -r -d '' PIPEHOOK_1 <&3\n";
                // A here-document at the end needs its own last line.
                write!(script, "{reset}{all}{}\nprintf '\\0'\n", case.script).expect("a string");
                data.extend_from_slice(value.as_bytes());
                data.push(0);
            }
        }
        std::fs::write(workspace.path().join("batch"), script).expect("a script");
        std::fs::write(workspace.path().join("values"), data).expect("values");
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-c", "exec 3< values; . ./batch"]);
        command.current_dir(workspace.path()).env_clear().env("PATH", "/usr/bin:/bin").env("SECRET", "S3CR3T-VALUE");
        let output = command.stdin(Stdio::null()).output().expect("bash starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut parts: Vec<String> = text.split('\0').map(str::to_owned).collect();
        parts.pop();
        parts
    }

    /// Finds the value that did harm or stopped the shell, by running each alone.
    fn find(&self, workspace: &Workspace) -> ! {
        for case in &self.cases {
            for value in &case.values {
                let _ = std::fs::remove_file(workspace.canary());
                let (template, script, values) = (case.template.clone(), case.script.clone(), vec![value.clone()]);
                let is_sink = case.is_sink;
                let one = Case { template, script, holes: case.holes, values, is_sink };
                let alone = Batch { cases: vec![one], ..Batch::default() };
                let output = alone.run(workspace);
                assert!(
                    !workspace.canary().exists(),
                    "{value:?} was run by\n{}\nbecame\n{}",
                    case.template,
                    case.script
                );
                assert_eq!(output.len(), 1, "{value:?} stopped\n{}\nbecame\n{}", case.template, case.script);
            }
        }
        panic!("a batch did harm that none of its cases does alone");
    }
}

/// A substitution takes all new lines at the end of what it prints: where a value ends with some, the
/// token's output can't show it.
fn normal(wanted: &str, got: &str) -> String {
    if wanted != got && wanted.replace('\n', "") == got.replace('\n', "") { got.to_owned() } else { wanted.to_owned() }
}
