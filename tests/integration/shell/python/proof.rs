//! What runs a text is given the author's alone: what is proved, what is not, and what is said of it.

use super::placed;
use crate::shell::running::placed_beside;
use pipehook::shell::Language;

/// Scripts that run something of which nobody can show that it is the author's, with its name.
const UNPROVED: &[(&str, &str)] = &[
    (
        "import os, requests\nprint('${{ x }}')\nos.system(requests.get('https://x.example').text)",
        "what `requests.get` returns",
    ),
    ("import os, tools\nprint('${{ x }}')\nos.system(tools.command)", "`tools.command`"),
    (
        "import os\nprint('${{ x }}')\ndef run(command):\n    os.system(command)\nfor go in [run]:\n    go('make')",
        "`command`",
    ),
    ("import sys\nprint('${{ x }}')\nsys.excepthook = lambda kind, value, trace: eval(str(value))", "`value`"),
    (
        "import subprocess, tools\nprint('${{ x }}')\nsubprocess.run(['bash', '-c', tools.command()])",
        "what `tools.command` returns",
    ),
    ("import subprocess, tools\nprint('${{ x }}')\nsubprocess.run(tools.words())", "what `tools.words` returns"),
    ("import os, tools\nprint('${{ x }}')\ngetattr(os, tools.name)('make')", "`tools.name`"),
    ("import importlib, tools\nprint('${{ x }}')\nimportlib.import_module(tools.name)", "`tools.name`"),
];

#[test]
fn what_runs_a_text_is_given_none_that_may_be_the_payload_s() {
    for (script, name) in UNPROVED {
        let refusals = placed(script, "plain").expect_err(script);
        let told = format!("in a script where {name}, which can't be proved to be yours, may reach");
        assert!(refusals[0].reason.contains(&told), "{script}: {refusals:?}");
        assert!(
            refusals[0].help.as_ref().is_some_and(|help| help.contains("a list of words")),
            "{script}: {refusals:?}"
        );
    }
}

/// Scripts that hand on what runs texts.
const HANDED_ON: &[&str] = &[
    "import os\nprint('${{ x }}')\nclass A: run = os.system",
    "import os\nprint('${{ x }}')\nruns = {'a': os.system}",
    "import os\nprint('${{ x }}')\ndef pick(): return os.system",
    "import subprocess\nprint('${{ x }}')\ndef go(run=subprocess.run): run(['make'])\ngo()",
    "import os, tools\nprint('${{ x }}')\ntools.each(os.system)",
    "print('${{ x }}')\nprint(list(e(t) for e, t in [(eval, '1')]))",
];

#[test]
fn what_runs_texts_is_handed_on_in_ways_that_are_followed() {
    for script in HANDED_ON {
        let refusals = placed(script, "plain").expect_err(script);
        assert!(!refusals[0].value_dependent, "{script}: {refusals:?}");
    }
    for script in [
        "import os\nprint('${{ x }}')\nsh = os.system\nsh('make')",
        "from subprocess import check_output as sh\nprint('${{ x }}')\nsh('make', shell=True)",
        "import os\nprint('${{ x }}')\nprint(list(map(os.system, ['make a', 'make b'])))",
        "import functools, subprocess\nsh = functools.partial(subprocess.run, shell=True)\nsh('make')\nprint('${{ x }}')",
        "import subprocess\nassert not isinstance(1, subprocess.Popen)\nprint('${{ x }}')",
    ] {
        placed(script, "a; $(touch canary)").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

/// Scripts in which a name means two things, or what is proved comes from several places.
const PROVED: &[&str] = &[
    "import os, requests\ndef fetch():\n    command = requests.get('https://x.example').text\n    return command\ndef build():\n    command = 'make'\n    os.system(command)\nbuild()\nprint('${{ x }}', fetch())",
    "import os\ntitle = '${{ x }}'\ndef shown(text): return text.upper()\ndef target(): return 'all'\nos.system('make ' + target())\nprint(title)",
    "import os\nclass Job:\n    folder = 'app'\n    def __init__(self, target): self.target = target\n    def run(self): os.system(f'make -C {self.folder} {self.target}')\nfor job in (Job('a'), Job('b')): job.run()\nprint('${{ x }}')",
    "import os\ndef sh(*words, **options): return os.system(' '.join(words))\nsh('make', 'all', quiet=True)\nprint('${{ x }}')",
    "import os\ncount = 0\ndef next_one():\n    global count\n    count += 1\n    return count\nos.system(f'git tag v{next_one()}')\nprint('${{ x }}')",
    "import os\nfor name, target in {'a': 'x', 'b': 'y'}.items(): os.system(f'make {target}')\nprint('${{ x }}')",
    "import os\nopen('notes.md', 'w').write('${{ x }}')\nos.system('make docs')\nos.system('aws s3 cp notes.md s3://x/')",
    "import subprocess\nopen('notes.md', 'w').write('${{ x }}')\nsha = subprocess.check_output('git rev-parse HEAD', shell=True, text=True)\nsubprocess.run(f'git tag b-{sha}', shell=True)",
];

#[test]
fn what_is_proved_is_run_beside_text_of_a_payload() {
    for script in PROVED {
        placed(script, "a b; $(touch canary)").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

#[test]
fn without_text_of_a_payload_there_is_nothing_to_prove() {
    let run = "import os, tools\nos.system(tools.command())";
    placed(&format!("{run} # ${{{{ x }}}}"), "a; b").expect("a comment");
    placed_beside(Language::Python, run, "TITLE", "a; b").expect("nobody reads the variable");
    let read = format!("import os\nprint(os.environ['TITLE'])\n{run}");
    placed_beside(Language::Python, &read, "TITLE", "a; b").expect_err("the variable is read");
}

/// Scripts of so many parts that what is looked at once for each of them, for each of them again, would take minutes:
/// those that are followed, and take payload text.
fn long_and_followed() -> Vec<(&'static str, String)> {
    let many = |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<String>();
    vec![
        ("functions of many names", many(2000, &|at| format!("def f{at}(a): return a\nmap(f{at}, [y])\n"))),
        ("sums", format!("a0 = y\n{}", many(3000, &|at| format!("a{} = a{at} + a{at}\n", at + 1)))),
        ("one name", "y = y + y if y else y\n".repeat(3000)),
        ("functions without a name", "g = lambda a: a + y\n".repeat(2000)),
        (
            "functions that call each other",
            many(300, &|at| {
                format!("def f{at}(a, b):\n    return f{}(b, a) + f{}(a, b)\n", (at + 1) % 300, at * 7 % 300)
            }),
        ),
        ("other names of a function", many(3000, &|at| format!("from os import system as s{at}\n"))),
    ]
}

/// Those of which more would have to be looked at than is.
fn longer_than_is_followed() -> Vec<(&'static str, String)> {
    let many = |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<String>();
    vec![
        ("functions of one name", many(2500, &|_| "def f(a): return a\nmap(f, [y])\n".to_owned())),
        ("functions with what they take", many(2000, &|_| "def f(a=y): return a\nmap(f, [f])\n".to_owned())),
        (
            "names that get each other's",
            many(3000, &|at| format!("a{} = a{}\n", 3000 - at, 2999 - at)) + "a0 = os.system\n",
        ),
        (
            "what is in a dictionary",
            format!("d = {{{}}}\n{}", many(5000, &|at| format!("'{at}': y, ")), "z = d['1']\n".repeat(3000)),
        ),
    ]
}

#[test]
fn a_long_script_is_followed_or_refused_by_a_count() {
    let script = |body: &str| format!("import os\nprint('${{{{ x }}}}')\ny = 'a'\n{body}os.system(y)\n");
    for (what, body) in long_and_followed() {
        placed(&script(&body), "a b").unwrap_or_else(|refusals| panic!("{what}: {refusals:?}"));
    }
    for (what, body) in longer_than_is_followed() {
        let refusals = placed(&script(&body), "a b").expect_err(what);
        let is_by_count = ["can't follow", "too much to be followed"].iter().any(|it| refusals[0].reason.contains(it));
        assert!(is_by_count, "{what}: {refusals:?}");
    }
}
