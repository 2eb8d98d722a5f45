//! How far a value is followed in a script of Python: through the environment, names of files, what git tells, and
//! functions that return others; and how long a script may be.

use super::placed;
use crate::shell::running::{placed_beside, placed_in, text};
use pipehook::shell::{Language, Placed, Refusal, SCRIPT_BYTES_MAX};

fn beside(script: &str, value: &str) -> Result<Placed, Vec<Refusal>> {
    placed_beside(Language::Python, script, "TITLE", value)
}

/// Scripts that run the variable `TITLE` without its name.
const ANY_VARIABLE: &[&str] = &[
    "import os\nname = 'title'.upper()\nos.system(os.environ[name])",
    "import os\nfor v in os.environ.values():\n    os.system(v)",
    "import os\nfor k, v in os.environ.items():\n    os.system(v)",
    "import os\nf = lambda n: os.environ[n.upper()]\nos.system(f('title'))",
    "import os\nos.system(f\"{f'{os.environ.get(chr(84))}'}\")",
    "import os\ne = os.environ\nos.system(e.get('TIT' + 'LE'))",
    "import os\nos.system(open('/proc/self/environ').read())",
    "import os, subprocess\nos.system(subprocess.check_output(['env']))",
    "import os, subprocess\nos.system(subprocess.check_output(['printenv', 'TITLE']))",
    "import subprocess\nsubprocess.run('printenv TITLE | sh', shell=True)",
    "import subprocess\nx = subprocess.check_output('printenv TITLE', shell=True, text=True)\nsubprocess.run(x, shell=True)",
    "import os\nos.system(__import__('os').environ['TIT' + 'LE'])",
    "import os\nos.system(str(os.environ))",
    "import os\nos.system('{TITLE}'.format(**os.environ))",
    "import os, subprocess\nos.system(subprocess.getoutput('echo $TITLE'))",
    "import subprocess\nsubprocess.run('env | grep ^TITLE= | cut -c7- | sh', shell=True)",
];

#[test]
fn a_variable_of_the_environment_is_followed_where_its_name_is_not_written() {
    let taken: Vec<&&str> = ANY_VARIABLE.iter().filter(|script| beside(script, "plain").is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

/// Scripts that read variables in ordinary ways, and run something else.
const OTHER_VARIABLES: &[&str] = &[
    "import os\nenv = os.environ.get\nos.system('make ' + env('TARGET'))\nprint(env('TITLE'))",
    "import os\nfor name in ('TARGET', 'TITLE'):\n    print(name, os.environ[name])\nos.system('make')",
    "import os, subprocess\nenv = {k: v for k, v in os.environ.items() if k.startswith('CI_')}\nsubprocess.run(['make'], env=env)",
    "import os, subprocess\nenv = dict(os.environ)\nenv['A'] = 'b'\nsubprocess.run(['make'], env=env)\nprint(env['TITLE'])",
    "import os\nmissing = [v for v in ('TARGET', 'TITLE') if v not in os.environ]\nif missing: os.system('exit 1')",
    "import os\nn = int(os.environ['TITLE'])\nos.system(f'make -j {n}')",
    "import os\nos.system(f\"make -j {int(os.environ['TITLE'])}\")",
];

#[test]
fn what_a_script_reads_by_names_that_it_writes_is_told_apart() {
    for script in OTHER_VARIABLES {
        beside(script, "- a; $(touch canary)\n-b").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

#[test]
fn a_value_never_chooses_which_variable_is_read() {
    for script in [
        "import os\nprint(os.environ['${{ x }}'])",
        "import os\nprint(os.environ.get('${{ x }}'))",
        "import os\nprint(os.getenv('CI_${{ x }}'))",
        "import os\nk = '${{ x }}'\nprint(os.environ.get(k, ''))",
        "import os\nprint(f\"{os.environ.get('CI_' + '${{ x }}'.upper())}\")",
    ] {
        placed(script, "PLAIN").expect_err(script);
    }
    beside("import os\nprint(os.environ[os.environ['TITLE']])", "PLAIN").expect_err("a name that a variable holds");
    beside("import os\nprint(os.environ.get('TITLE'))", "PLAIN").expect("the author's name");
}

/// Scripts in which a name that the value is given to, or what git keeps of it, reaches a shell.
const LISTED: &[&str] = &[
    "import os\nopen('${{ x }}', 'w')\nfor f in os.listdir('.'):\n    os.system('ls ' + f)",
    "import os, glob\nos.mkdir('${{ x }}')\nfor f in glob.glob('*'):\n    os.system('ls ' + f)",
    "import os, pathlib\npathlib.Path('${{ x }}').touch()\nfor f in pathlib.Path('.').iterdir():\n    os.system(f'ls {f}')",
    "import subprocess\nsubprocess.run(['git', 'commit', '-m', '${{ x }}'])\nr = subprocess.run(['git', 'log', '-1', '--format=%s'], capture_output=True, text=True)\nsubprocess.run('echo ' + r.stdout, shell=True)",
];

#[test]
fn names_of_files_and_what_git_tells_are_followed() {
    for script in LISTED {
        let refusals = placed(script, "plain").expect_err(script);
        assert!(!refusals[0].value_dependent, "{script}: {refusals:?}");
    }
    let commit = "import os, subprocess\nsubprocess.run(['git', 'commit', '-m', '${{ x }}'])\n";
    let deploy =
        format!("{commit}sha = subprocess.check_output(['git', 'rev-parse', 'HEAD'])\nos.system(f'./d {{sha}}')");
    placed(&deploy, "a; b").expect("git's own number of the commit");
}

/// Scripts that run the value as code, or take it for one, by a way of Python's own.
const CODE: &[&str] = &[
    "__import__('os').system('${{ x }}')",
    "__import__('pickle').loads(b'${{ x }}')",
    "import webbrowser\nwebbrowser.get('${{ x }} %s').open('https://x.example')",
    "def g(): return exec\ng()('${{ x }}')",
    "def g(): return exec\nf = g()\nf('${{ x }}')",
    "def g(f=exec):\n    f('${{ x }}')\ng()",
    "import os\ndef pick():\n    return os.system\npick()('${{ x }}')",
    "import typing\nclass A:\n    x: '${{ x }}'\ntyping.get_type_hints(A)",
    "import readline\nreadline.read_init_file('${{ x }}')",
    "import argparse\np = argparse.ArgumentParser(fromfile_prefix_chars='@')\np.add_argument('f')\np.parse_args(['${{ x }}'])",
];

#[test]
fn code_by_a_way_of_pythons_own_is_no_value() {
    let taken: Vec<&&str> = CODE.iter().filter(|script| placed(script, "plain").is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn modules_that_read_a_text_in_their_own_way_are_given_what_has_no_meaning_there() {
    for (script, honest, hostile) in [
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('f', type=argparse.FileType('w'))\np.parse_args(['${{ x }}'])",
            "notes.txt",
            "/etc/x",
        ),
        ("import pathlib\npathlib.Path('a').__truediv__('${{ x }}').touch()", "b/c", "/etc/x"),
        (
            "import functools, operator, pathlib\nfunctools.reduce(operator.truediv, [pathlib.Path('a'), '${{ x }}']).touch()",
            "b/c",
            "../x",
        ),
        (
            "import configparser\nc = configparser.ConfigParser()\nc['a'] = {}\nc['a']['t'] = '${{ x }}'\nprint(c['a']['t'])",
            "a title",
            "%(token)s",
        ),
        ("import configparser\nc = configparser.ConfigParser()\nc.read_string('[a]\\nt = ${{ x }}')", "a", "%(token)s"),
    ] {
        placed(script, honest).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(script, hostile).is_err(), "{script} takes {hostile:?}");
    }
    placed(
        "import configparser\nc = configparser.ConfigParser(interpolation=None)\nc['a'] = {}\nc['a']['t'] = '${{ x }}'",
        "50% (a)s",
    )
    .expect("settings that refer to no others");
}

/// Scripts that give words to a shell on another machine: what they take, and what they do not.
#[test]
fn a_word_for_another_machine_is_plain_and_its_digits_are_any() {
    for script in [
        "import subprocess\nsubprocess.run(['ssh', 'deploy@prod', './deploy.sh', '${{ x }}'])",
        "import subprocess\nsha = '${{ x }}'\nsubprocess.run(['ssh', 'deploy@prod', f'./deploy.sh {sha}'])",
    ] {
        placed(script, "59b20b8").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        for hostile in ["a; touch b", "-oProxyCommand=x", "$(touch b)", ""] {
            assert!(placed(script, hostile).is_err(), "{script} takes {hostile:?}");
        }
    }
    let taken = "import subprocess\nsubprocess.run(['ssh', '-o', '${{ x }}', 'deploy@prod', 'uptime'])";
    placed(taken, "ForwardX11").expect_err("an option of ssh");
    let decoded =
        "import base64, subprocess\nt = base64.b64decode('${{ x }}')\nsubprocess.run(['ssh', 'prod', './d.sh', t])";
    placed(decoded, "Y2FuYXJ5").expect_err("what nobody has seen");
    for script in [
        "import hashlib, os\nh = hashlib.sha256('${{ x }}'.encode()).hexdigest()[:12]\nos.system(f'touch out/{h}')",
        "import os\nn = len('${{ x }}')\nos.system(f'echo {n}')",
    ] {
        placed(script, "a; $(touch b)").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
    for script in ["print(int(eval('${{ x }}')))", "import os\nn = len(x := '${{ x }}')\nos.system(x)"] {
        placed(script, "plain").expect_err(script);
    }
    for script in [
        "def run(c):\n    c.exec_run(\"sh -c 'echo ${{ x }}'\")",
        "import boto3\nboto3.client('ssm').send_command(Parameters={'commands': ['echo ${{ x }}']})",
    ] {
        placed(script, "plain").expect_err(script);
    }
}

#[test]
fn a_script_that_is_too_long_to_follow_is_refused_and_a_long_one_is_followed() {
    let table: String = (0..4000).map(|at| format!("'k{at}': f(v{at}),\n")).collect();
    placed(&format!("d = {{{table}}}\nprint(d, '${{{{ x }}}}')"), "a b").expect("a long statement");
    let chain: String = (0..4000).map(|at| format!("a{at} = a{}\n", at + 1)).collect();
    let followed = |script: &str| placed_in(Language::Python, &text(script, |_| "a".to_owned()));
    let refusals = followed(&format!("{chain}a4000 = '${{{{ x }}}}'")).expect_err("too much to follow");
    assert!(refusals[0].reason.contains("can't follow"), "{refusals:?}");
}

/// Programs in bash's words, what the value may be there, and what it may not.
const IN_BASH: &[(&str, &str, &str)] = &[
    ("python3 -c 'import sys; print(open(sys.argv[1]).read())' \"${{ x }}\"", "docs/a.txt", "/etc/passwd"),
    ("python3 -c 'import sys; open(sys.argv[1], \"w\").write(\"a\")' \"out/${{ x }}\"", "a.txt", "../../a.txt"),
    ("python3 - \"${{ x }}\" <<'EOF'\nimport sys\nopen(sys.argv[1], 'w').write('a')\nEOF", "a.txt", "/etc/x"),
    ("python3 -c 'import sys; from pathlib import Path; Path(sys.argv[2]).touch()' a \"${{ x }}\"", "b", "../b"),
    ("python3 -c 'import sys; a, b = sys.argv[1:]; open(a, \"w\").write(b)' out.txt \"${{ x }}\"", "b", "../b"),
];

#[test]
fn a_script_of_any_language_has_a_length_that_it_can_be_analysed_in() {
    for (language, line) in [
        (Language::Bash, "echo a b c d\n"),
        (Language::Python, "print('a', 'b')\n"),
        (Language::PowerShell, "Write-Host 'a' 'b'\n"),
    ] {
        let script = |bytes: usize| format!("{}# ${{{{ x }}}}", line.repeat(bytes / line.len()));
        let analysed = |script: &str| placed_in(language, &text(script, |_| "a".to_owned()));
        analysed(&script(SCRIPT_BYTES_MAX / 4)).unwrap_or_else(|refusals| panic!("{language:?}: {refusals:?}"));
        let refusals = analysed(&script(SCRIPT_BYTES_MAX + line.len())).expect_err("too long");
        assert!(refusals[0].reason.contains("more than 128 KiB"), "{refusals:?}");
    }
}

#[test]
fn a_program_in_a_word_of_bash_says_what_the_words_behind_it_must_be() {
    let in_bash = |script: &str, value: &str| placed_in(Language::Bash, &text(script, |_| value.to_owned()));
    for (script, honest, hostile) in IN_BASH {
        in_bash(script, honest).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(in_bash(script, hostile).is_err(), "{script} takes {hostile:?}");
    }
    let format = "python3 -c 'import os, sys; print(sys.argv[1].format(os))' \"${{ x }}\"";
    in_bash(format, "plain").expect_err("a format");
    for script in [
        "python3 -c 'import sys; open(sys.argv[1], \"w\").write(sys.argv[2])' notes.md \"${{ x }}\"",
        "python3 -c 'import sys; print(f\"{sys.argv[1]} done\", len(sys.argv[2]))' a \"${{ x }}\"",
        "python3 - \"${{ x }}\" <<'EOF'\nimport json, sys\nprint(json.dumps({'t': sys.argv[1]}))\nEOF",
    ] {
        in_bash(script, "/a ../b {0}\n--c").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}
