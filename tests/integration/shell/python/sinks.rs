//! Ways by which a script in Python comes to run or obey what it was given without naming it: files of names that nobody reads off, code on
//! the input of a program, functions by other names, the author's own words among which a value chooses.

use super::placed;

/// Scripts that take no value: what it can't be, a tab, the script with `⏎` for a line break.
const REFUSED: &str = include_str!("../../../testdata/shell/refused/python_sinks.txt");

#[test]
fn what_comes_to_run_a_value_is_told_with_its_line() {
    let mut others: Vec<String> = Vec::new();
    for row in REFUSED.lines() {
        let (told, script) = row.split_once('\t').expect("two columns");
        let script = script.replace('⏎', "\n");
        let found = match placed(&script, "plain") {
            Ok(_) => "it is taken".to_owned(),
            Err(refusals) if refusals[0].help.is_none() => "there is no help".to_owned(),
            Err(refusals) => refusals[0].reason.clone(),
        };
        if found != told {
            others.push(format!("{script}\n{found}, not {told}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n\n"));
}

/// Scripts that name a file, an address or a part of one by the value: what they take, and what they don't.
const DEMANDING: &[(&str, &str, &str)] = &[
    ("open('.env', 'w').write('A=${{ x }}\\n')", "a b", "a\nNODE_OPTIONS=x"),
    ("t = '${{ x }}'\nwith open('.env', 'a') as f:\n    f.write(f'A={t}\\n')", "a - b", "a\nNODE_OPTIONS=x"),
    (
        "import re\nt = '${{ x }}'\ns = open('pyproject.toml').read()\nopen('pyproject.toml', 'w').write(re.sub('version = .*', 'version = \"' + t + '\"', s))",
        "1.2",
        "1\"\n[tool.x]",
    ),
    ("from pathlib import Path\nPath('pyproject.toml').write_text('version = \"${{ x }}\"')", "1.2", "1\"\n[tool.x]"),
    ("t = '${{ x }}'\nopen('CMakeLists.txt', 'w').write('set(T ' + t + ')')", "v1", "v) execute_process(x"),
    ("import xml.etree.ElementTree as ET\nET.ElementTree(ET.Element('a')).write('${{ x }}')", "a/b.xml", "/tmp/x"),
    ("import xml.etree.ElementTree as ET\nET.parse('a.xml').write('${{ x }}.xml')", "a", "../a"),
    ("import xml.etree.ElementTree as ET\nET.ElementTree(file='${{ x }}')", "a.xml", "/etc/x"),
    ("import xml.etree.ElementTree as ET\nfor e in ET.iterparse('${{ x }}'): print(e)", "a.xml", "/etc/x"),
    ("import sqlite3\nc = sqlite3.connect('a.db')\nc.execute('VACUUM INTO ?', ('${{ x }}',))", "b.db", "/tmp/b.db"),
    ("import sqlite3\nc = sqlite3.connect('a.db')\nc.execute('attach database ? as x', ['${{ x }}'])", "b.db", "/b.db"),
    ("import sqlite3\nsqlite3.connect('file:data/${{ x }}.db', uri=True)", "a", "%2e%2e/a"),
    ("import sqlite3\nsqlite3.connect('${{ x }}', uri=True)", "a", "file:/etc/a"),
    ("from pathlib import Path\nclass P(type(Path())):\n    pass\nP('${{ x }}').touch()", "a.txt", "/tmp/a"),
    ("from pathlib import Path\ntype(Path('.'))('${{ x }}').touch()", "a.txt", "/tmp/a"),
    ("from pathlib import Path\np = Path('.')\np.__class__('${{ x }}').touch()", "a.txt", "/tmp/a"),
    ("from zipfile import ZipFile\nclass Z(ZipFile):\n    pass\nZ('${{ x }}', 'w')", "a.zip", "/tmp/a"),
    ("import socket\nsocket.socket(socket.AF_UNIX).bind('${{ x }}')", "a.sock", "/run/a"),
    ("import socket\nsocket.socket().connect(('${{ x }}', 80))", "example.com", "/run/a"),
    ("import socketserver\nsocketserver.UnixStreamServer('${{ x }}', None)", "a.sock", "/run/a"),
    ("import ssl\nc = ssl.create_default_context()\nc.keylog_filename = '${{ x }}'", "a.txt", "/tmp/a"),
    (
        "import urllib.request\nr = urllib.request.Request('https://x.example/')\nr.full_url = '${{ x }}'\nurllib.request.urlopen(r)",
        "https://y.example/",
        "file:///etc/passwd",
    ),
];

#[test]
fn what_names_a_file_or_an_address_by_a_value_demands_one_that_stays_inside() {
    for (script, honest, hostile) in DEMANDING {
        placed(script, honest).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        let refusals = placed(script, hostile).expect_err(script);
        assert!(refusals[0].value_dependent, "{script}: {refusals:?}");
    }
}

/// The same by other ways to name a file.
const DEMANDING_TOO: &[(&str, &str, &str)] = &[
    ("import sqlite3\nsqlite3.Connection('${{ x }}')", "a.db", "/tmp/a.db"),
    ("from sqlite3 import dbapi2\ndbapi2.connect('${{ x }}')", "a.db", "/tmp/a.db"),
    ("import socket\nsocket.socket.bind(socket.socket(socket.AF_UNIX), '${{ x }}')", "a.sock", "/run/a"),
    ("import tokenize\nprint(tokenize.open('${{ x }}').read())", "a.py", "/etc/passwd"),
    ("import mimetypes\nprint(mimetypes.read_mime_types('${{ x }}'))", "a.txt", "/etc/passwd"),
    ("import http.cookiejar\nc = http.cookiejar.LWPCookieJar()\nc.save('${{ x }}')", "a.txt", "/tmp/a"),
    ("import http.cookiejar\nc = http.cookiejar.LWPCookieJar()\nc.filename = '${{ x }}'\nc.save()", "a.txt", "/tmp/a"),
    ("import os\nopen('${{ x }}/.' + '${{ x }}', 'w')", "a", "./x"),
];

#[test]
fn what_names_a_file_in_other_ways_demands_one_that_stays_inside() {
    for (script, honest, hostile) in DEMANDING_TOO {
        placed(script, honest).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(script, hostile).is_err(), "{script}");
    }
}

/// Scripts that take each value: what they run is their author's, whatever the value is.
const TAKEN: &[&str] = &[
    // What the script makes sure of.
    "import sys, os\nt = '${{ x }}'\nif t not in ('dev', 'prod'):\n    sys.exit(1)\nos.system(f'./deploy.sh {t}')",
    "import os\nt = '${{ x }}'.strip()\nALLOWED = {'dev', 'prod'}\nif t not in ALLOWED:\n    print('no', t)\n    raise SystemExit(1)\nos.system('./deploy.sh ' + t)",
    "import os, sys\nt = '${{ x }}'\nif not t.isdigit(): sys.exit('no number')\nos.system(f'echo {t}')",
    "import os, re, sys\nt = '${{ x }}'\nif not re.fullmatch(r'\\d+\\.\\d+\\.\\d+', t):\n    sys.exit('no version')\nopen('version.py', 'w').write(f'V = \"{t}\"')",
    "import os, re, sys\nt = '${{ x }}'\nif re.fullmatch(r'[0-9]{1,6}', t) is None: sys.exit(1)\ndef go(n): os.system('echo ' + n)\ngo(t)",
    // What is chosen.
    "import os\nt = '${{ x }}'\nenv = 'prod' if 'release' in t else 'dev'\nos.system(f'kubectl apply -k overlays/{env}')",
    "import os\nt = '${{ x }}'\nis_prod = t == 'prod'\nos.system('npm run build ' + ('--prod' if is_prod else ''))",
    "import os\nt = '${{ x }}'\nSERVICES = ('api', 'web')\ns = next((s for s in SERVICES if s in t), 'api')\nos.system(f'make {s}')",
    "import os\nfrom enum import Enum\nclass Env(Enum):\n    DEV = 'dev'\n    PROD = 'prod'\nos.system(f'deploy {Env(\"dev\").value}')\nenv = Env('${{ x }}')\nos.system(f'deploy {env.value}')",
    // What is a number or a date.
    "import os\na, b, c = map(int, '${{ x }}'.lstrip('v').split('.'))\nos.system(f'git tag v{a}.{b}.{c + 1}')",
    "import os\nfrom datetime import date\nd = date.fromisoformat('${{ x }}')\nos.system(f'backup {d.isoformat()}')",
    "import os, uuid\nu = uuid.UUID('${{ x }}')\nos.system(f'run {u}')",
    // What stands beside it.
    "import subprocess\nfrom dataclasses import dataclass\n@dataclass\nclass Step:\n    name: str\n    cmd: list\nfor s in [Step('a', ['echo', 'a'])]:\n    print('${{ x }}', s.name)\n    subprocess.run(s.cmd)",
    "import urllib.request\nclass C:\n    def __init__(self, base): self.base = base\n    def get(self, path): return urllib.request.Request(f'{self.base}/{path}')\nc = C('https://api.example')\nprint(c.get('items').full_url, '${{ x }}')",
    "import types\ncfg = types.SimpleNamespace(level='info')\nprint(getattr(cfg, 'level', 'warn'), '${{ x }}')",
    "import os\ndef sh(c): return os.popen(c).read()\ninfo = {'sha': sh('git rev-parse HEAD'), 'title': '${{ x }}'}\nprint(info)",
    "import json, os, urllib.request\nr = urllib.request.Request(os.environ.get('HOOK', 'https://h.example'), data=json.dumps({'text': '${{ x }}'}).encode())\nurllib.request.urlopen(r)",
    "import jinja2\nenv = jinja2.Environment(autoescape=True)\nprint(env.from_string('<h1>{{ title }}</h1>').render(title='${{ x }}'))",
    // Files beside a text for a shell that touches none of them.
    "import os, subprocess\nopen('msg.tmp', 'w').write('${{ x }}')\nos.replace('msg.tmp', 'msg.txt')\nsubprocess.run('make test', shell=True)",
    "import logging, subprocess\nlogging.basicConfig(filename='build.log')\nlogging.info('title %s', '${{ x }}')\nsubprocess.run('git --version', shell=True)",
    "import subprocess, zipfile\nwith zipfile.ZipFile('o.zip', 'w') as z: z.writestr('title.txt', '${{ x }}')\nsubprocess.run('git --version', shell=True)",
    "import argparse, subprocess\np = argparse.ArgumentParser()\np.add_argument('--out', default='notes.md')\na = p.parse_args()\nwith open(a.out, 'w') as f: f.write('${{ x }}')\nsubprocess.run('date; git rev-parse HEAD', shell=True)",
    "import subprocess\nfor name, body in {'title.txt': '${{ x }}', 'sha.txt': 'abc'}.items():\n    with open(name, 'w') as f: f.write(body)\nsubprocess.run('git --version', shell=True)",
    "import os, subprocess\nsubprocess.run('echo \"$TITLE\" > title.txt', shell=True, env=dict(os.environ, TITLE='${{ x }}'))\nsubprocess.run('cat title.txt', shell=True)",
    // Code on the input of a program, where all of it is seen, and files of the repository.
    "import os, subprocess\nos.environ['TITLE'] = '${{ x }}'\nsubprocess.run(['bash'], input='echo \"$TITLE\"', text=True)",
    "import os, subprocess\nos.environ['TITLE'] = '${{ x }}'\nopen('VERSION', 'w').write('1.0')\nsubprocess.run(['bash', 'deploy.sh'])",
    "import os, subprocess\nos.environ['TITLE'] = '${{ x }}'\nsubprocess.run(['bash', '-c', 'cat; echo \"$TITLE\"'], stdin=subprocess.DEVNULL)",
    "import os, subprocess\nos.environ['TITLE'] = '${{ x }}'\nkw = dict(check=True, text=True)\nsubprocess.run(['make', 'test'], **kw)",
    "import os, subprocess\nos.environ['TITLE'] = '${{ x }}'\nsubprocess.run(['bash', '-c', 'echo \"$TITLE\" > title.txt'])",
];

#[test]
fn what_is_the_authors_whatever_the_value_is_takes_each() {
    let mut others = Vec::new();
    for script in TAKEN {
        if let Err(refusals) = placed(script, "-x; $(touch canary) `a` '\"/../b") {
            others.push(format!("{script}\n{refusals:?}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n\n"));
}

/// Chains of names that are each made of the one before by two ways: what is looked at does not double with each line.
#[test]
fn long_chains_of_names_are_followed_in_time() {
    const LINES: usize = 40;
    let chain = |line: &dyn Fn(usize) -> String| (0..LINES).map(line).collect::<String>();
    let chains = [
        chain(&|at| format!("a{} = a{at} + a{at}\n", at + 1)),
        chain(&|at| format!("a{} = a{at} if a{at} else a{at}\n", at + 1)),
        chain(&|at| format!("a{} = [a{at}, a{at}]\n", at + 1)),
        chain(&|at| format!("a{} = f'{{a{at}}}{{a{at}[1]}}'\n", at + 1)),
        chain(&|at| format!("a{} = dict(a=a{at}, **a{at})\n", at + 1)),
        chain(&|at| format!("a{} = ''.join(c for c in a{at} if c in a{at})\n", at + 1)),
    ];
    for chain in chains {
        let script = format!(
            "import subprocess\na0 = '${{{{ x }}}}'\n{chain}open(a{LINES}, 'w')\nsubprocess.run(['bash'], **a{LINES})\nprint(a{LINES}[1])"
        );
        let start = std::time::Instant::now();
        let _ = placed(&script, "main");
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{script}");
    }
}

/// Variables that programs obey, beside those of other tests.
const OBEYED: &str = "HADOOP_OPTS KAFKA_OPTS SPARK_SUBMIT_OPTS SCALAC_OPTS GH_BROWSER GH_PATH BAZEL_SH CONDA_EXE \
    MAMBA_EXE NVCC_CCBIN WATCHMAN_BINARY FLASK_APP MPLBACKEND IRBRC GVIMINIT shell_escape openout_any TEXINPUTS \
    MALLOC_TRACE DEPENDENCIES_OUTPUT PACKER_PLUGIN_PATH VAGRANT_VAGRANTFILE VIRTUALENV_CONFIG_FILE JUPYTER_CONFIG_DIR \
    DPKG_ROOT RPM_CONFIGDIR JRUBY_OPTS CATALINA_OPTS VOLTA_HOME PYENV_ROOT RBENV_ROOT NVM_DIR SWIFT_EXEC CELERY_CONFIG_MODULE \
    CLOJURE_LOAD_PATH GMON_OUT_PREFIX SQLITE_HISTORY ASAN_SYMBOLIZER_PATH";

#[test]
fn a_variable_that_some_program_obeys_takes_no_value() {
    for name in OBEYED.split_whitespace() {
        let script = format!("import os, subprocess\nos.environ['{name}'] = '${{{{ x }}}}'\nsubprocess.run(['make'])");
        placed(&script, "plain").expect_err(name);
    }
}

#[test]
fn what_helps_fits_what_is_refused() {
    for (script, help) in [
        ("open('package.json', 'w').write('${{ x }}')", "`notes.txt` or `data.json`"),
        ("import settings\nopen(settings.name, 'w').write('${{ x }}')", "`open(f'{name}.txt', 'w')`"),
        ("import os\nt = '${{ x }}'\nmatch os:\n    case object(sep=s): print(s, t)", "by its name"),
        ("import urllib.request\nurllib.request.urlopen('${{ x }}://x.example')", "`f'https://{host}/…'`"),
    ] {
        let refusals = placed(script, "plain").expect_err(script);
        assert!(refusals[0].help.as_ref().is_some_and(|it| it.contains(help)), "{script}: {refusals:?}");
    }
}
