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

/// Variables that programs obey, beside those of other tests.
const OBEYED: &str = "HADOOP_OPTS KAFKA_OPTS SPARK_SUBMIT_OPTS SCALAC_OPTS GH_BROWSER GH_PATH BAZEL_SH CONDA_EXE \
    MAMBA_EXE NVCC_CCBIN WATCHMAN_BINARY FLASK_APP MPLBACKEND IRBRC GVIMINIT shell_escape openout_any TEXINPUTS \
    MALLOC_TRACE DEPENDENCIES_OUTPUT PACKER_PLUGIN_PATH VAGRANT_VAGRANTFILE VIRTUALENV_CONFIG_FILE JUPYTER_CONFIG_DIR \
    DPKG_ROOT RPM_CONFIGDIR";

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
