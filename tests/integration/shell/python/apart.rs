//! What a script makes of a value before something gets it, and what it reads back that it wrote: a requirement holds
//! for everything that may arrive.

use super::placed;

/// Has `r` in a place for no option, and for no other path.
const WORD: &str = "import subprocess\nsubprocess.run(['git', 'log', r])";
const FILE: &str = "open(r, 'w').write('x')";

/// What is made of `t`, a value with which it is an option, and one with which it is none.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("import os\nr = os.path.basename(t)", "refs/heads/--output=x", "refs/heads/feature-x"),
    ("import os\nr = os.path.normpath(t)", "./--output=x", "a-b"),
    ("from pathlib import Path\nr = str(Path(t))", "./--output=x", "a-b"),
    ("from pathlib import Path\nr = Path(t).name", "refs/heads/--output=x", "refs/heads/feature-x"),
    ("import re\nr = re.sub(r'[^a-z0-9]+', '-', t.lower())", "!d", "Fix the re-login (again)"),
    ("import re\nr = re.sub('[^a-z0-9]+', '-', t).lower()", "Output", "fix it"),
    ("import re\nr = re.sub(r'^v', '', t)", "v--output=x", "v1.2"),
    ("import re\np = re.compile('[^a-z0-9]')\nr = p.sub('-', t)", "!!mirror", "fix the login"),
    ("import re\nr = re.search('-.*', t).group()", "a-output", "a"),
    ("import re\nr = re.search('[a-z]*(.*)', t).group(1)", "a-output", "a b"),
    ("import re\nr = [m[0] for m in re.finditer('-.*', t)][0]", "a--output=x", "a"),
    ("r = ''.join(c for c in t if c.isprintable())", "\u{1}--output=x", "Fix the login"),
    ("r = ''.join(c for c in t if c.isalnum() or c in '-_=')", "!--output=x", "Fix the re-login"),
    ("r = ''.join(c if c.isalnum() else '-' for c in t)", "!-output", "Fix: the re-login"),
    ("r = ''.join(filter(str.isascii, t))", "é--output=x", "Fix the login"),
    ("r = ''.join(t[i] for i in range(1, len(t)))", "a--output=x", "Fix the login"),
    ("r = ''.join(reversed(t))", "x=tuptuo--", "Fix"),
    ("r = t[::-1]", "x=tuptuo--", "Fix the login"),
    ("r = t[1:]", "1-output", "v1.2"),
    ("r = ''\nfor c in t:\n    if c != 'a': r += c", "a--output=x", "Fix"),
    ("first, *rest = t\nr = ''.join(rest)", "a--output=x", "Fix the login"),
    ("r = t.encode('ascii', 'ignore').decode()", "é--output=x", "Fix the re-login"),
    ("import unicodedata\nr = unicodedata.normalize('NFKC', t)", "\u{ff0d}\u{ff0d}output=x", "Fix the re-login"),
    ("import html\nr = html.unescape(t)", "&#45;-output=x", "Fix"),
    ("import urllib.parse\nr = urllib.parse.unquote(t)", "%2d-output=x", "Fix the re-login"),
    ("import codecs\nr = codecs.decode(t, 'rot13')", "--bhgchg=k", "Fix"),
    ("r = t.replace(' ', '-')", " output", "Fix the login: again"),
    ("r = t.replace(' ', '')", "- -output", "Fix the login"),
    ("r = t.replace('a', '')", "a--output=x", "Fix the login"),
    ("r = t.translate({97: None})", "a--output=x", "Fix"),
    ("import string\nr = t.translate(str.maketrans('', '', string.punctuation))", "!- x", "Fix the re-login"),
    ("import textwrap\nr = textwrap.dedent(t)", "  --output=x", "Fix the re-login"),
    ("import ast\nr = ast.literal_eval(t)", "'--output=x'", "17"),
    ("import json\nr = json.JSONDecoder().decode(t)['a']", "{\"a\":\"--output=x\"}", "1"),
    (
        "import configparser\nc = configparser.ConfigParser()\nc.read_string(t)\nr = c['a']['b']",
        "[a]\nb=--output=x",
        "[a]\nb=c-d",
    ),
    ("import xml.etree.ElementTree as ET\nr = ET.fromstring(t).text", "<a>&#45;-output=x</a>", "a"),
    ("import email\nr = email.message_from_string(t)['subject']", "Subject: --output=x\n\n", "a"),
    ("import io\nf = io.StringIO(t)\nf.read(1)\nr = f.read()", "a--output=x", "Fix the login"),
    ("import functools\nr = functools.reduce(lambda a, b: b if a == 'a' else a + b, t)", "a--output=x", "Fix"),
    ("import itertools\nr = ''.join(itertools.islice(t, 1, None))", "a--output=x", "Fix"),
    ("import operator\nr = operator.itemgetter(slice(1, None))(t)", "a--output=x", "Fix"),
    ("r = t.lstrip('v').replace('.', '-')", "v.x", "v1.4.2"),
    ("r = t.split('x')[1]", "ax-output", "ax1"),
    ("T = {'_': '-'}\nr = ''.join(T.get(c, c) for c in t)", "_output", "Fix"),
    ("T = {'_': '-'}\nr = ''.join(map(lambda c: T.get(c, c), t))", "_output", "Fix"),
    ("T = {'_': '-'}\nl = [T.get(c, c) for c in t]\nr = ''.join(l)", "_output", "Fix"),
    ("T = {'_': '-'}\nl = []\nfor c in t: l.append(T.get(c, c))\nr = ''.join(l)", "_output", "Fix"),
    ("r = ''\nfor c in t: r = f'{r}{c if c != \"!\" else \"\"}'", "!-output", "Fix"),
    ("r = ''\nfor c in t: r = r + c if c != '!' else r", "!-output", "Fix"),
    ("r = ''\nfor c in t: r = '%s%s' % (r, c.strip('!'))", "!-output", "Fix"),
    ("r = ''\nfor c in t:\n    s = r + c\n    if c != '!': r = s", "!-output", "Fix"),
    ("import io\nb = io.StringIO()\nfor c in t:\n    if c != '!': b.write(c)\nr = b.getvalue()", "!-output", "Fix"),
    ("import functools, operator\nr = functools.reduce(operator.add, (c for c in t if c != '!'))", "!-output", "Fix"),
    ("r = f'{t[1]}{t[2]}{t[3]}'", "!-o", "Fix the login"),
    ("r = t[1] + t[2]", "!-o", "Fix the login"),
    ("r = '{0[1]}{0[2]}'.format(t)", "!-o", "Fix"),
    ("r = '{a[1]}{a[2]}'.format_map({'a': t})", "!-o", "Fix"),
    ("a, b, c = t\nr = b + c", "!-o", "abc"),
    ("l = list(t)\nr = l[1] + l[2]", "!-o", "Fix"),
    ("l = list(t)\nl[0] = l[1]\nr = ''.join(l)", "!-o", "Fix"),
    ("s = slice(1, None)\nr = t[s]", "!-o", "Fix"),
    ("r = bytes(b for b in t.encode() if b != 33).decode()", "!-o", "Fix"),
    ("r = bytes(map(lambda b: 45 if b == 95 else b, t.encode())).decode()", "_o", "Fix"),
    ("b = bytearray(t.encode())\ndel b[0]\nr = b.decode()", "!-o", "Fix"),
    ("import subprocess\nr = subprocess.check_output(['cut', '-c2-'], input=t, text=True)", "a--output=x", "Fix"),
];

/// The same for a path that leads out of the folder.
const PATHS: &[(&str, &str, &str)] = &[
    ("r = t.replace(' ', '/')", " etc x", "Fix the login"),
    ("r = t.replace('-', '/')", "-etc", "re-login"),
    ("r = '/'.join(t.split('.'))", ".etc.x", "a.b"),
    ("r = t.translate(str.maketrans(' ', '/'))", " etc x", "Fix the login"),
    ("r = ''.join(c for c in t if c not in '<>:\"|?*')", ".?./.?./x", "Fix the login"),
    (
        "import unicodedata\nr = unicodedata.normalize('NFKD', t).encode('ascii', 'ignore').decode()",
        "\u{ff0f}etc",
        "Über uns",
    ),
    ("r = t.encode('ascii', 'ignore').decode()", "é/etc", "Über uns"),
    ("import re\nr = re.sub('[^a-z0-9/]', '', t)", "é/etc", "fix the login"),
    ("import re\nr = re.search('x(.*)', t).group(1)", "x/etc", "xa b"),
    ("import os\nr = os.path.normpath(t)", "a/../../x", "a/b"),
    ("r = f'out/.{t}'", "./x", "gitkeep"),
    ("a, b = t.split(',')\nr = f'out/.{a}/{b}'", ".,x", "a,x"),
    ("a, b = t.split(',')\nr = f'out/{a}./{b}'", ".,x", "a,x"),
    ("a, b = t.split(',')\nr = f'out/{a}{b}/x'", ".,.", "a,b"),
    ("import os\na, b = t.split(',')\nr = os.path.join('out', '.' + a, b)", ".,x", "a,x"),
    ("a, b = t.split(',')\nr = 'out/.%s/%s' % (a, b)", ".,x", "a,x"),
    ("a, b = t.split(',')\nr = 'a'\nr = f'{a}/{b}'", ",etc", "a,b"),
    ("a, b = t.split(',')\nr = f'{b}/{a}'", "etc,", "a,b"),
    ("d = [t]\nd.append(d[0].removeprefix('refs/heads/'))\nr = d[1]", "refs/heads//etc/x", "refs/heads/a"),
    (
        "import os\nos.environ['APP_A'] = t\nb = os.getenv('APP_A')\nos.environ['APP_B'] = b\nr = os.getenv('APP_B')",
        "/etc/x",
        "a/b",
    ),
];

fn script(made: &str, place: &str) -> String {
    format!("t = '${{{{ x }}}}'\n{made}\n{place}")
}

fn check(rows: &[(&str, &str, &str)], place: &str) {
    let mut wrong = Vec::new();
    for (made, hostile, honest) in rows {
        let script = script(made, place);
        if placed(&script, hostile).is_ok() {
            wrong.push(format!("{made} takes {hostile:?}"));
        }
        if let Err(refusals) = placed(&script, honest) {
            wrong.push(format!("{made} refuses {honest:?}: {}", refusals[0].reason));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_script_makes_of_a_value_is_no_option() {
    check(OPTIONS, WORD);
}

#[test]
fn what_a_script_makes_of_a_value_is_no_path_out_of_its_folder() {
    check(PATHS, FILE);
}

/// A number in the name of a file or a tag is taken whatever text it counts, and what leaves letters and digits only is a
/// path from any text.
const ALWAYS: &[(&str, &str)] = &[
    ("import re\nr = re.sub(r'[^a-z0-9]+', '-', t.lower()).strip('-')", "../../Etc: – x"),
    ("r = ''.join(c if c.isalnum() else '_' for c in t)", "../../Etc x"),
    ("r = ''.join(c for c in t if c.isalnum())", "../../Etc x"),
    ("import re\nr = re.search(r'#(\\d+)', t).group(1)", "../a #12"),
    ("r = f'notes/{t}.md'", "Fix the re-login: now"),
    ("r = 'notes/' + t.strip().lower()", "Fix the re-login --now"),
    ("r = str(len(t))", "../x"),
];

#[test]
fn what_leaves_letters_and_digits_is_a_path_whatever_the_value_is() {
    for (made, value) in ALWAYS {
        let script = script(made, FILE);
        placed(&script, value).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

/// Scripts that read back what they wrote, and a value that none of them may take.
const READ_BACK: &[(&str, &str)] = &[
    ("open('a.txt', 'w').write(t)\nr = open('a.txt').read().strip()", "--output=x"),
    ("with open('a.txt', 'w') as f:\n    f.write(t)\nfor r in open('a.txt'): pass", "a\n--output=x"),
    ("from pathlib import Path\nPath('a.txt').write_text(t)\nr = Path('a.txt').read_text()", "--output=x"),
    (
        "import subprocess\nopen('a.txt', 'w').write(t)\nr = subprocess.check_output(['cat', 'a.txt'], text=True)",
        "--output=x",
    ),
    ("import os\nopen('a.txt', 'w').write(t)\nr = os.popen('cat a.txt').read()", "--output=x"),
    ("import json\njson.dump({'a': t}, open('a.json', 'w'))\nr = json.load(open('a.json'))['a']", "--output=x"),
    (
        "import configparser\nopen('a.ini', 'w').write('[a]\\nb=' + t)\nc = configparser.ConfigParser()\nc.read('a.ini')\nr = c['a']['b']",
        "--output=x",
    ),
    ("import os\nos.environ['A'] = t\nr = os.getenv('A')", "--output=x"),
    ("import os\nos.environb[b'A'] = t.encode()\nr = os.environ['A']", "--output=x"),
    ("import os, subprocess\nos.environ['A'] = t\nr = subprocess.getoutput('echo \"$A\"')", "--output=x"),
    ("import os, subprocess\nos.putenv('A', t)\nr = subprocess.getoutput('echo \"$A\"')", "--output=x"),
    (
        "import os, subprocess\nr = subprocess.check_output(['sh', '-c', 'echo $A'], env={**os.environ, 'A': t}, text=True)",
        "--output=x",
    ),
    ("import os\nos.environ['A'] = t\nr = os.popen('echo $A').read()", "--output=x"),
    (
        "import os, subprocess, sys\nos.environ['A'] = t\nr = subprocess.check_output([sys.executable, '-c', 'import os; print(os.environ[\"A\"])'], text=True)",
        "--output=x",
    ),
    (
        "import sqlite3\nc = sqlite3.connect('a.db')\nc.execute('insert into a values (?)', (t,))\nfor (r,) in sqlite3.connect('a.db').execute('select t from a'): pass",
        "--output=x",
    ),
    ("import dbm\nd = dbm.open('dd', 'n')\nd['a'] = t\nd.close()\nr = dbm.open('dd')['a'].decode()", "--output=x"),
    ("import fileinput\nopen('b.txt', 'w').write(t)\nfor r in fileinput.input('b.txt'): pass", "--output=x"),
    ("import fileinput\nopen('b.txt', 'w').write(t)\nr = ''.join(fileinput.input(['b.txt']))", "--output=x"),
    ("import netrc\nopen('b.txt', 'w').write(t)\nr = netrc.netrc('b.txt').authenticators('a')[0]", "--output=x"),
    (
        "import subprocess\nsubprocess.run(['bash', '-c', 'echo \"$1\" > r.txt', '-', t])\nr = open('r.txt').read().strip()",
        "--output=x",
    ),
    ("import io\nf = io.StringIO()\nprint(t, file=f)\nr = f.getvalue()", "--output=x"),
    ("class C:\n    def write(self, s): self.b = s\nc = C()\nprint(t, end='', file=c)\nr = c.b", "--output=x"),
    ("import os\na, b = os.pipe()\nos.write(b, t.encode())\nr = os.fdopen(a).read()", "--output=x"),
    ("from multiprocessing import Pipe\na, b = Pipe()\na.send(t)\nr = b.recv()", "--output=x"),
    (
        "import os\nos.environ['APP_A'] = t\nos.system('printf \"%s\" \"$APP_A\" > notes.txt')\nr = open('notes.txt').read()",
        "--output=x",
    ),
];

#[test]
fn what_a_script_reads_back_is_text_of_the_payload() {
    for (made, hostile) in READ_BACK {
        let script = script(made, WORD);
        assert!(placed(&script, hostile).is_err(), "{script} takes {hostile:?}");
        placed(&script, "main").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

/// Texts that the script fills up with its own `-`: no value is none of an option then.
#[test]
fn what_is_filled_up_with_a_dash_is_no_word() {
    for made in [
        "r = t.rjust(4, '-')",
        "r = t.center(4, '-')",
        "r = f'{t:->4}'",
        "r = '{:->4}'.format(t)",
        "r = format(t, '->4')",
        "import textwrap\nr = textwrap.indent(t, '-')",
    ] {
        let script = script(made, WORD);
        assert!(placed(&script, "d").is_err(), "{script}");
    }
    for made in ["r = t.rjust(4)", "r = t.rjust(4, '0')", "r = f'{t:>4}'", "r = f'{t:.3}'", "r = format(t, '>4')"] {
        let script = script(made, WORD);
        placed(&script, "main").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

/// Scripts that give what they read back to what takes no text of a payload, with what is told of the first value.
const NEVER_BACK: &[(&str, &str)] = &[
    (
        "import sqlite3\nopen('q.sql', 'w').write(t)\nsqlite3.connect('x.db').executescript(open('q.sql').read())",
        "a part of the code in `executescript`, on line 4",
    ),
    (
        "import jinja2\nopen('m.txt', 'w').write(t)\nprint(jinja2.Template(open('m.txt').read()).render())",
        "an argument of `jinja2.Template`, on line 4",
    ),
    (
        "import os\nopen('t.txt', 'w').write(t)\nprint(open('t.txt').read().format(os))",
        "a part of the format of `%` or `.format`, on line 4",
    ),
    (
        "open('t.txt', 'w').write(t)\nprint(open('t.txt').read() % {'a': 1})",
        "a part of the format of `%` or `.format`, on line 3",
    ),
    (
        "import sys\nopen('t.txt', 'w').write(t)\nsys.path.insert(0, open('t.txt').read())",
        "the path of modules, on line 4",
    ),
    (
        "import yaml\nopen('a.yml', 'w').write(t)\nyaml.load(open('a.yml'), Loader=yaml.UnsafeLoader)",
        "an argument of `yaml.load`, on line 4",
    ),
    (
        "import subprocess\nopen('a.txt', 'w').write(t)\nsubprocess.run(['tar', 'cf', 'o.tar', *open('a.txt').read().split()])",
        "a word of `tar`, whose other words are not known, on line 4",
    ),
    (
        "import importlib, os\nos.environ['A'] = t\nimportlib.import_module(os.path.expandvars('$A'))",
        "an argument of `importlib.import_module`, on line 4",
    ),
];

#[test]
fn what_a_script_reads_back_is_no_code_and_no_format() {
    for (made, told) in NEVER_BACK {
        let script = script(made, "");
        let refusals = placed(&script, "main").expect_err(&script);
        assert_eq!(refusals[0].reason, *told, "{script}");
    }
}

/// Scripts that read other files than they write, or do harmless things with what they read back.
const OTHERS: &[&str] = &[
    "import subprocess\nopen('notes.md', 'w').write(t)\nv = open('VERSION').read().strip()\nsubprocess.run(['git', 'tag', v])",
    "from pathlib import Path\np = Path('CHANGELOG.md')\np.write_text('## ' + t + p.read_text())\nprint(p.read_text())",
    "import subprocess\nopen('notes.md', 'w').write(t)\nsubprocess.run(['gh', 'release', 'create', 'v1', '-F', 'notes.md'], check=True)",
    "import os, subprocess\nos.environ['TITLE'] = t\nsubprocess.run(['git', 'fetch', os.getenv('REMOTE', 'origin')])",
    "import subprocess\na = subprocess.Popen(['echo', t], stdout=subprocess.PIPE)\nb = subprocess.Popen(['grep', '-c', 'x'], stdin=a.stdout, stdout=subprocess.PIPE)\nprint(b.communicate()[0])",
    "import sys\nprint(t, file=sys.stderr)\nsys.stderr.flush()",
    "import urllib.request\nurl = 'https://x.example/?q='\nurl += t\nurllib.request.urlopen(url)",
];

#[test]
fn what_is_not_read_back_is_the_authors() {
    for made in OTHERS {
        let script = script(made, "");
        placed(&script, "- a title").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

#[test]
fn an_address_is_made_of_what_is_added_to_nothing() {
    let fetch = script("url = ''\nurl += t", "import urllib.request\nurllib.request.urlopen(url)");
    placed(&fetch, "https://example.com/a").expect("an address of the web");
    assert!(placed(&fetch, "file:///etc/passwd").is_err());
}

/// Functions without a name that are called with the value, as one of the script's own is.
const UNNAMED: &[(&str, &str)] = &[
    ("list(map(lambda name: open(name, 'w'), [t]))", "/etc/x"),
    ("import subprocess\nlist(map(lambda x: subprocess.run(['tar', 'cf', 'o.tar', x, 'a.txt']), [t]))", "-Ix"),
    ("import os\n[f(t) for f in [lambda n: os.makedirs(n)]]", "/etc/x"),
    ("import shutil\nd = {'a': lambda n: shutil.rmtree(n)}\nd['a'](t)", "/etc/x"),
    ("from pathlib import Path\n(lambda n: Path(n).touch())(t)", "/etc/x"),
    ("class A:\n    o = staticmethod(open)\nA.o(t, 'w')", "/etc/x"),
];

#[test]
fn a_function_without_a_name_takes_what_it_is_called_with() {
    for (made, hostile) in UNNAMED {
        let script = script(made, "");
        assert!(placed(&script, hostile).is_err(), "{script} takes {hostile:?}");
        placed(&script, "notes").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

/// Scripts that make a text of a number again.
#[test]
fn a_number_of_which_letters_are_made_is_the_text_again() {
    for made in [
        "import codecs, os\nn = int(t)\nos.system(codecs.decode('%x' % n, 'hex'))",
        "import os\nn = int(t)\nos.system('%c' % n)",
        "import os\nn = int(t)\nos.system(f'{n:c}')",
        "import os, string\nn = int(t)\nos.system(string.printable.__getitem__(n))",
        "import os, urllib.parse\nn = int(t)\nos.system(urllib.parse.unquote('%%%02x' % n))",
    ] {
        let script = script(made, "");
        assert!(placed(&script, "7").is_err(), "{script}");
    }
    let counted = script("import os\nn = int(t)\nos.system(f'make -j {n} && echo {n:>4d} {n}')", "");
    placed(&counted, "a").expect("a number");
}
