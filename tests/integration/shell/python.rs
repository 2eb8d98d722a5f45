//! Scripts in Python, against the real interpreter.

mod apart;
mod lexed;
mod proof;
mod reach;
mod sinks;

use super::running::{Workspace, placed_beside, placed_in, stdout, text};
use pipehook::shell::{ARGUMENTS, Background, Language, Placed, Refusal, Requirement, Script, analyse};
use proptest::prelude::*;

/// What breaks out of some literal.
const HOSTILE: &[&str] = &[
    "plain",
    "",
    "it's \"quoted\"",
    "'''",
    "\"\"\"",
    "\\",
    "\\'",
    "\\u0027",
    "\\N{QUOTATION MARK}",
    "{1+1}",
    "{{",
    "}",
    "%s %d %(x)s",
    "{0} {x}",
    "a\nb",
    "\r",
    "é\u{2028}😀",
    "'+__import__('os').system('touch CANARY')+'",
    "\"+__import__('os').system('touch CANARY')+\"",
    "{__import__('os').system('touch CANARY')}",
    "\nimport os; os.system('touch CANARY')\n#",
];

/// Scripts that print the value and nothing else.
const ROWS: &[&str] = &[
    "print('${{ x }}', end='')",
    "print(\"${{ x }}\", end='')",
    "print('''${{ x }}''', end='')",
    "print(\"\"\"${{ x }}\"\"\", end='')",
    "print(u'${{ x }}', end='')",
    "print(f'${{ x }}', end='')",
    "print(f'{\"\"}${{ x }}', end='')",
    "print(F\"\"\"${{ x }}\"\"\", end='')",
    "import sys\nsys.stdout.write(b'${{ x }}'.decode())",
    "# ${{ x }}\nx = '${{ x }}' # ${{ x }} '''\nprint(x, end='')",
    "print('' '${{ x }}' \"\", end='')",
    "def f(a, b='${{ x }}'):\n    return b\n\nprint(f(1), end='')",
    "print({'k': '${{ x }}'}['k'], end='')",
    "print('%s' % '${{ x }}', end='')",
    "print('{}'.format('${{ x }}'), end='')",
    "import subprocess\nsubprocess.run(['printf', '%s', '${{ x }}'])",
];

/// Scripts that take no value.
pub(super) const NEVER: &[&str] = &[
    "print(${{ x }})",
    "import ${{ x }}",
    "${{ x }} = 1",
    "print(f'{${{ x }}}')",
    "print('\\${{ x }}')",
    "print('${{ x }} %s' % 1)",
    "print(('${{ x }} %s') % 1)",
    "print('${{ x }}'.format(1))",
    "print('${{ x }}' '{}'.format(1))",
    "t = '${{ x }}'\nprint(t % 1)",
    "t = '${{ x }}'\nprint(t.format(1))",
    "eval('${{ x }}')",
    "exec(\"a = '${{ x }}'\")",
    "import os\nos.system('echo ${{ x }}')",
    "import os\nos.popen('echo ${{ x }}')",
    "from os import system as s, system\nc = 'echo ${{ x }}'\nsystem(c)",
    "import os\nc = ['${{ x }}']\nos.system(c[0])",
    "import os\ndef run(c):\n    os.system(c)\n\nrun('${{ x }}')",
    "import os\nclass A:\n    pass\na = A()\na.c = '${{ x }}'\nos.system(a.c)",
    "import os\nfor c in ['${{ x }}']:\n    os.system(c)",
    "import os\nl = []\nl.append('${{ x }}')\nos.system(l[0])",
    "import os\nos.system(f\"echo {'${{ x }}'}\")",
    "import subprocess\nsubprocess.run('echo ${{ x }}', shell=True)",
    "import subprocess\nsubprocess.run(['bash', '-c', '${{ x }}'])",
    "import subprocess\nsubprocess.run(['${{ x }}'])",
    "import subprocess\nsubprocess.check_output('${{ x }}')",
    "open('a.py', 'w').write('${{ x }}')\nexec(open('a.py').read())",
    "import sqlite3\nsqlite3.connect(':memory:').execute(\"select '${{ x }}'\")",
    "__import__('${{ x }}')",
    "getattr(str, '${{ x }}')",
    "import pickle\npickle.loads(b'${{ x }}')",
    "import yaml\nyaml.load('${{ x }}')",
    "print('${{ x }}",
    "print('${{ x }}\n')",
    "print('''${{ x }}')",
    "match '${{ x }}':\n    case ${{ x }}: pass",
];

fn placed(script: &str, value: &str) -> Result<Placed, Vec<Refusal>> {
    placed_in(Language::Python, &text(script, |_| value.to_owned()))
}

#[test]
fn in_every_literal_python_prints_the_value_as_it_is() {
    for script in ROWS {
        let workspace = Workspace::new();
        for value in HOSTILE {
            let value = value.replace("CANARY", &workspace.canary().display().to_string());
            let placed = placed(script, &value).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
            let output = workspace.run("python3", &placed);
            let printed = stdout(&output);
            assert_eq!(printed, value, "{script} became {}: {output:?}", placed.script);
            assert!(!workspace.canary().exists(), "{script}");
            assert!(placed.carried.variables.is_empty());
        }
    }
}

#[test]
fn code_formats_and_what_runs_text_take_no_value() {
    let files = super::refused::rows("python.txt");
    let scripts = NEVER.iter().copied().chain(files.iter().map(String::as_str));
    let takes_some = |script: &&str| placed(script, "plain").map_or_else(|found| found[0].value_dependent, |_| true);
    let taken: Vec<&str> = scripts.filter(takes_some).collect();
    assert!(taken.is_empty(), "these take a value: {taken:#?}");
}

#[test]
fn code_in_a_word_of_a_list_may_be_a_number_as_it_may_in_bash() {
    for words in [
        r#""mawk", "BEGIN{${{ x }}}""#,
        r#"sys.executable, "-c", "${{ x }}""#,
        r#""python3.11", "-c", "import ${{ x }}; x('a')""#,
    ] {
        let script = format!("import subprocess, sys\nsubprocess.run([{words}])");
        assert!(placed(&script, "7").is_ok(), "a number is no code: {script}");
        assert!(matches!(placed(&script, "plain"), Err(refusals) if refusals[0].value_dependent), "{script}");
    }
}

#[test]
fn what_is_given_to_a_shell_that_a_variable_holds_is_code() {
    let held = "import subprocess\np = subprocess.Popen(['bash'], stdin=subprocess.PIPE)\np.communicate(b'${{ x }}')";
    placed(held, "plain").expect_err("code that a shell reads");
}

#[test]
fn a_string_in_an_f_string_takes_a_plain_value() {
    for (script, printed) in [
        ("print(f\"{'${{ x }}'[:7]}\", end='')", "59b20b8"),
        ("print(f'''{\"v${{ x }}\".upper()} {'a' + 'b'}''', end='')", "V59B20B8D ab"),
        ("print(f'''{f\"{'${{ x }}'[:2]}-${{ x }}\"}''', end='')", "59-59b20b8d"),
    ] {
        let placed = placed(script, "59b20b8d").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert_eq!(stdout(&Workspace::new().run("python3", &placed)), printed, "{script}");
    }
    placed("print(f\"{'${{ x }}'.upper()}\")", "a' + exec('x') + '").expect_err("what could end the string");
    for script in [
        "x = 1\nprint(f'{x + ${{ x }}}')",
        "print(f'{1:${{ x }}}')",
        "print(f'{\"a\".${{ x }}}')",
        "import os\nos.system(f\"echo {'${{ x }}'}\")",
        "print(f\"{eval('${{ x }}')}\")",
    ] {
        assert!(placed(script, "plain").is_err_and(|refusals| !refusals[0].value_dependent), "{script}");
    }
}

#[test]
fn a_raw_string_takes_a_plain_value_and_a_list_no_option() {
    placed("print(r'\\d${{ x }}')", "v1.2").expect("plain");
    placed("print(r'${{ x }}')", "a'b").expect_err("a quote");
    placed("import subprocess\nsubprocess.run(['git', 'log', '${{ x }}'])", "main").expect("no option");
    placed("import subprocess\nsubprocess.run(['git', 'log', '${{ x }}'])", "--output=x").expect_err("an option");
    placed("open('out/${{ x }}')", "../../etc/passwd").expect_err("out of the folder");
}

#[test]
fn the_line_that_would_run_a_text_is_told_where_it_is_another() {
    for (script, told) in [
        ("import os\nos.system('${{ x }}')", "an argument of `os.system`"),
        ("import os\nt = '${{ x }}'\nprint(t)\nos.system('echo ' + t)", "an argument of `os.system`, on line 4"),
        (
            "import subprocess\nt = '${{ x }}'\n\n\nsubprocess.run(\n    t,\n    shell=True,\n)",
            "a program that `subprocess.run` starts, or code for one, on line 5",
        ),
        (
            "import os\nimport lib\nprint('${{ x }}')\nif True: os.system(lib.command())",
            "in a script where what `lib.command` returns, which can't be proved to be yours, may reach `os.system`, on line 4",
        ),
    ] {
        let refusals = placed(script, "plain").expect_err(script);
        assert_eq!(refusals[0].reason, told, "{script}");
    }
}

#[test]
fn a_repository_that_git_is_told_of_by_its_library_is_an_address() {
    for script in [
        "import git\ngit.Repo.clone_from('${{ x }}', 'd')",
        "import git\ngit.Repo.clone_from(url='${{ x }}', to_path='d')",
        "from git import Repo\nr = Repo('.')\nr.create_remote('other', url='${{ x }}')",
    ] {
        placed(script, "https://example.com/a.git").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        placed(script, "ext::sh -c canary").expect_err(script);
    }
    let word = "import git\nr = git.Repo('.')\nr.git.checkout('${{ x }}')";
    placed(word, "main").expect("a word");
    placed(word, "--output=x").expect_err("an option");
}

/// Scripts that name a file or a folder by the value.
const PATHS: &[&str] = &[
    "import shutil\nshutil.rmtree('${{ x }}')",
    "import os\nos.rename('a', '${{ x }}')",
    "from os import rename as move\nrename = 1\nimport os\nos.replace('${{ x }}', 'b')",
    "import os\nos.makedirs('${{ x }}', exist_ok=True)",
    "from shutil import move\nmove('a', '${{ x }}')",
    "from pathlib import Path\n(Path('out') / '${{ x }}').write_text('a')",
    "from pathlib import Path\np = Path('out')\nt = '${{ x }}'\n(p / t).unlink()",
    "from zipfile import ZipFile\nZipFile('${{ x }}', 'w')",
    "import os\nopen(os.path.join('out', '${{ x }}'), 'w')",
    "import subprocess\nsubprocess.run(['ls'], cwd='${{ x }}')",
    "from os.path import join\nopen(join('out', '${{ x }}'))",
    "from pathlib import Path\nPath('out', '${{ x }}').read_text()",
    "import linecache\nlinecache.getlines('${{ x }}')",
    "import tempfile\ntempfile.mkdtemp(prefix='${{ x }}')",
    "import pathlib\npathlib.Path('a').rename('${{ x }}')",
    "from pathlib import Path\np = Path('out')\nn = '${{ x }}'\np /= n\np.write_text('a')",
    "from pathlib import Path\np = Path('out')\nn = '${{ x }}'\n(p / (n + '.txt')).write_text('a')",
    "from pathlib import Path\nprint(list(Path('out').glob('${{ x }}')))",
    "import io\nio.FileIO('${{ x }}', 'w')",
    "import gzip as g\ng.GzipFile('${{ x }}', 'w')",
    "import sqlite3\nsqlite3.connect(database='${{ x }}')",
    "import logging\nlogging.basicConfig(filename='${{ x }}')",
    "import fileinput\nfileinput.input(files=['${{ x }}'])",
    "import shutil as s\ns.move('a', '${{ x }}')",
    "import os\nmv = os.rename\nmv('a', '${{ x }}')",
    "import os\nf = {'mv': os.rename}['mv']\nf('a', '${{ x }}')",
    "import shutil\nlist(map(shutil.rmtree, ['${{ x }}']))",
    "from shutil import copyfile as cf\ncf('a', '${{ x }}')",
    "from urllib.request import urlretrieve\nurlretrieve('https://x/a', '${{ x }}')",
];

/// Scripts that fetch from the address that is the value.
const ADDRESSES: &[&str] = &[
    "from urllib.request import urlopen\nu = '${{ x }}'\nurlopen(u)",
    "import urllib.request\nurllib.request.urlretrieve('${{ x }}', 'a.zip')",
    "import webbrowser\nwebbrowser.open('${{ x }}')",
    "import urllib.request as r\nr.build_opener().open('${{ x }}')",
];

#[test]
fn an_address_that_is_a_value_is_one_of_the_web() {
    for script in ADDRESSES {
        placed(script, "https://example.com/a").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        placed(script, "file:///etc/passwd").expect_err(script);
    }
    placed("from urllib.request import urlopen, Request\nBASE = 'https://x'\nr = Request(f'{BASE}/${{ x }}', data=b'${{ x }}')\nurlopen(r)", "a title").expect("the author's address");
}

#[test]
fn a_path_that_a_value_names_stays_in_its_folder() {
    for script in PATHS {
        placed(script, "notes.txt").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        for outside in ["../../etc/passwd", "/etc/passwd"] {
            placed(script, outside).expect_err(script);
        }
    }
}

/// Scripts as people write them, in which payload text is data: one a line, `⏎` for a line break.
const ACCEPTED: &str = include_str!("../../testdata/shell/accepted/python.txt");

/// Scripts like those that are refused, with which nothing is wrong.
const NEAR: &[&str] = &[
    "import yaml\nyaml.safe_load('${{ x }}')",
    "import yaml\nyaml.load('${{ x }}', Loader=yaml.SafeLoader)",
    "import json\njson.loads('${{ x }}')",
    "import subprocess\nsubprocess.run(['bash', '-c', 'echo \"$1\"', '_', '${{ x }}'])",
    "from subprocess import run as r\nr(['echo', 'a', '${{ x }}'])",
    "import subprocess, sys\nsubprocess.run([sys.executable, 'tool.py', '${{ x }}'])",
    "import subprocess\nsubprocess.run(['git', 'commit', '-m', 'about ${{ x }}'])",
    "import subprocess\nsubprocess.run(['grep', '-c', '${{ x }}', 'notes.txt'])",
    "import subprocess\nsubprocess.run(['cat'], input='${{ x }}', text=True)",
    "import subprocess, os\nsubprocess.run(['build'], env={**os.environ, 'TITLE': '${{ x }}'})",
    "import os\nos.environ['TITLE'] = '${{ x }}'\nos.system('echo \"$TITLE\"')",
    "sh = lambda c: print(c)\nsh('${{ x }}')",
    "title = '${{ x }}'\ntitle.replace('a', 'b')",
    "half = 10 / 2\nprint('${{ x }}', half)",
    "import logging\nlogging.warning('got %s', '${{ x }}')",
    "import logging\nlogging.warning('about ${{ x }}')",
    "from functools import reduce\nrun = reduce\nprint('${{ x }}')",
    "env = '${{ x }}'\nprint(env)",
    "import requests\nrequests.post('https://x', json={'env': '${{ x }}'})",
    "import subprocess\nsubprocess.run(['echo', '${{ x }}'], env={'A': 'b'})",
    "import subprocess, os\nenv = os.environ.copy()\ntitle = '${{ x }}'\nenv['TITLE'] = title\nsubprocess.run(['build'], env=env)",
    "import subprocess, os\nenv = {**os.environ, 'TITLE': '${{ x }}'.strip()}\nsubprocess.run(['build', 'x'], env=env)",
    "import subprocess, os\ndef build_env(title):\n    env = os.environ.copy()\n    env['TITLE'] = title\n    return env\nsubprocess.run(['build'], env=build_env('${{ x }}'))",
    "import subprocess, os\nenv = dict(os.environ, TITLE='${{ x }}')\nsubprocess.run(['build'], env=env, check=True)",
    "title = '${{ x }}'\nprint('{} by {}'.format(title, 1))\nrow = '{}'.format\nprint(row(title))",
    "n = '${{ x }}'\nprint(f'{n!r:>10} {len(n):{10}d}')",
    "title = '${{ x }}'\nprint(f\"{'x' if title else 'y'} {title[:5]}\")",
    "print(int('${{ x }}') % 2)",
    "notes = '/ ${{ x }}'\nopen('notes.md', 'w').write(notes)",
    "import json\ndata = {'title': '/ ${{ x }}'}\nwith open('data.json', 'w') as f:\n    json.dump(data, f)",
    "notes = '/a ${{ x }}'\nname = 'notes.md'\nopen(name, 'w').write(notes)",
];

#[test]
fn near_to_what_is_refused_text_is_data() {
    let ordinary = ACCEPTED.lines().map(|line| line.replace('⏎', "\n"));
    for script in NEAR.iter().map(|script| (*script).to_owned()).chain(ordinary) {
        placed(&script, "a b; touch canary").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

#[test]
fn a_long_value_needs_no_file_and_a_nul_is_refused() {
    let long = "é'".repeat(100_000);
    let placed_long = placed("print(len('${{ x }}'))", &long).expect("any length");
    assert_eq!(stdout(&Workspace::new().run("python3", &placed_long)), "200000\n");
    placed("print('${{ x }}')", "a\0b").expect_err("a NUL");
}

#[test]
fn what_a_script_reads_from_its_environment_is_followed() {
    let beside = |script: &str| placed_beside(Language::Python, script, "TITLE", "plain");
    beside("import os\nos.system(os.environ['TITLE'])").expect_err("a command");
    beside("import os\nt = os.getenv('TITLE')\neval(t)").expect_err("code");
    beside("import os\nos.system(f\"echo {os.environ['TITLE']}\")").expect_err("a command in an f-string");
    beside("import os\neval(f'{os.getenv(\"TITLE\")}')").expect_err("code in an f-string");
    beside("import os\nprint(f\"{os.environ['TITLE']!r:>20}\")").expect("data in an f-string");
    beside("import os\nprint(os.environ['TITLE'])").expect("data");
    beside("import os\nos.system('eval \"$TITLE\"')").expect_err("code by its name");
    beside("import subprocess\nsubprocess.run(['sh', '-c', 'eval $TITLE'])").expect_err("code by its name");
    beside("import os\nos.system('echo \"$TITLE\" > notes.txt')").expect("data by its name");
}

#[test]
fn the_words_behind_a_script_are_followed_from_where_it_reads_them() {
    let behind = |script: &str, value: &str| placed_beside(Language::Python, script, ARGUMENTS, value);
    for script in [
        "import os, sys\nos.system('echo ' + sys.argv[1])",
        "import os, sys\nos.system(f'echo {sys.argv[1]}')",
        "import os, argparse\np = argparse.ArgumentParser()\np.add_argument('--t')\na = p.parse_args()\nos.system(f'echo {a.t}')",
        "import subprocess, sys\nsubprocess.run(['bash', '-c', sys.argv[1]])",
        "from sys import argv as words\neval(words[1])",
        "import click, os\n@click.command()\n@click.option('--t')\ndef main(t):\n    os.system(t)\nmain()",
    ] {
        behind(script, "a b").expect_err(script);
    }
    behind("import sys\nprint(sys.argv[1])", "-a b").expect("data");
    behind("import sys\nopen(sys.argv[1])", "notes.md").expect("a file of the folder");
    behind("import sys\nopen(sys.argv[1])", "/etc/passwd").expect_err("any file");
    behind("import os\nos.system('ls')", "-a b").expect("it is not read");
}

#[test]
fn what_is_put_together_to_a_logging_command_is_plain_inside_of_its_brackets() {
    for script in [
        "t = '${{ x }}'\nprint(f'##vso[task.setvariable variable={t}]x')",
        "t = '${{ x }}'\nprint('##vso[task.setvariable variable=' + t + ']x')",
        "t = '${{ x }}'\nprint('##vso[task.setvariable variable={}]x'.format(t))",
        "t = '${{ x }}'\nbegin = '##vso[task.setvariable variable='\nprint(begin, t, ']x', sep='')",
    ] {
        placed(script, "title").expect("a name");
        placed(script, "x;isOutput=true").expect_err(script);
    }
    placed("t = '${{ x }}'\nprint(f'##vso[task.setvariable variable=t]{t}')", "a; b]").expect("behind the brackets");
}

#[test]
fn outside_of_strings_only_what_is_no_text_has_a_place_and_refusals_say_what_python_can_do() {
    let found = analyse(
        &Script {
            language: Language::Python,
            text: &text("n = ${{ x }}", |_| String::new()),
            environment: vec![],
            background: Background::default(),
        }
        .outline(),
    );
    assert!(found.refusals().is_empty() && found.requirements()[0].requirements == [Requirement::Number]);
    let helps = [
        ("n = ${{ x }}", "string of its own"),
        ("print(f'{\"${{ x }}\"}')", "string of its own"),
        ("print(r'${{ x }}')", "leave out the `r`"),
        ("t = '${{ x }}'\nprint(t.format(1))", "as a value"),
        ("import os\nos.system('echo ${{ x }}')", "`subprocess.run(['git', 'log', value])`"),
        ("eval('${{ x }}')", "among your own words"),
    ];
    for (script, help) in helps {
        let refusals = placed(script, "a'b").expect_err(script);
        assert!(refusals[0].help.as_ref().is_some_and(|it| it.contains(help)), "{script}: {refusals:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A value is only ever escapes of its characters, wherever its script puts it.
    #[test]
    fn no_character_of_a_value_is_code(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "${{ x }}", "'", "\"", "'''", "\"\"\"", "f'", "r'", "b\"", "rb'", "{", "}", "{{", "#", "\n", "\\", "(", ")", "%", ".format(", "print(", "x = ", ";",
            "eval(", " ", "os.system(", "é", "[", "]", ",", "def f(a):",
        ]), 0..20),
        value in "[#'\"{}()\n;$]{1,6}",
    ) {
        let script = pieces.concat();
        if let (Ok(one), Ok(other)) = (placed(&script, "a"), placed(&script, &value)) {
            let escaped: String = value.chars().map(|it| format!("\\u{:04x}", u32::from(it))).collect();
            let bytes: String = value.bytes().map(|it| format!("\\x{it:02x}")).collect();
            let back = other.script.replace(&escaped, "\\u0061").replace(&bytes, "\\x61");
            prop_assert_eq!(back, one.script);
        }
    }
}

/// A requirement holds for each part that may arrive.
#[test]
fn what_a_script_takes_apart_is_no_option_and_leads_nowhere_in_any_part() {
    let git = "import os, subprocess, json\nt = '${{ x }}'\n";
    for (taken, hostile, honest) in [
        ("r = t.removeprefix('refs/heads/')", "refs/heads/--upload-pack=x", "refs/heads/feature-x"),
        ("r = t.lstrip('v')", "v-ox", "v1.2-rc"),
        ("r = t.split(',')[1]", "a,--output=x", "a,release-1"),
        ("r = t.strip()", " --output=x", "release-1"),
        ("r = t[1:]", "v-ox", "1.2"),
        ("r = json.loads(t)['a']", "{\"a\": \"--output=x\"}", "{\"a\": \"fix - it\"}"),
        ("r = t[:8]", "-x", "ab-cdef"),
    ] {
        let script = format!("{git}{taken}\nsubprocess.run(['git', 'log', r])");
        placed(&script, honest).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(&script, hostile).is_err(), "{script} takes {hostile:?}");
    }
    let file = format!("{git}open('out/' + t.split(':')[1], 'w').write('x')");
    placed(&file, "a:b/c").expect("a path inside");
    assert!(placed(&file, "a:/etc/x").is_err());
}

/// What `git` runs behind `ext::` it would run here too.
#[test]
fn an_address_that_is_given_to_git_is_one_of_a_host() {
    for script in [
        "import subprocess\nsubprocess.run(['git', 'clone', '${{ x }}'])",
        "import subprocess\nurl = '${{ x }}'\nsubprocess.check_call(['git', 'fetch', url])",
        "import subprocess\ndef git(*words): subprocess.run(['git', *words], check=True)\ngit('remote', 'add', 'fork', '${{ x }}')",
        "import subprocess\ncmd = ['git', 'ls-remote']\ncmd.append('${{ x }}')\nsubprocess.check_output(cmd)",
    ] {
        for value in ["https://example.com/a.git", "git@example.com:o/a.git", "upstream"] {
            placed(script, value).unwrap_or_else(|refusals| panic!("{script} refuses {value}: {refusals:?}"));
        }
        for value in ["ext::sh -c id", "file:///srv/a", "/srv/a", "-x", "ssh://-oProxyCommand=id/a"] {
            placed(script, value).expect_err(script);
        }
    }
    let beside = |value| {
        placed_beside(
            Language::Python,
            "import os, subprocess\nsubprocess.run(['git', 'clone', os.environ['U']])",
            "U",
            value,
        )
    };
    beside("https://example.com/a.git").expect("a host");
    beside("ext::sh -c id").expect_err("a command");
}
