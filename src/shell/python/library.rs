//! Python's own library: which of its modules run nothing of what their functions are given, and what the everyday
//! functions of the others make of it.
//!
//! A function of the library takes payload text if its module is one of [`QUIET`] or [`JUDGED`], or if it has a row, in
//! `modules` or here. All others take none: nobody has to know each way in which a module runs a text. Private modules
//! and private parts of the others are among them.
//!
//! The tables are made so, for the next Python version as for this one (3.10 to 3.14):
//! 1. [`NAMES`] is `python3 -c "import sys; print(*sorted(sys.stdlib_module_names))"` of each version, and `test`.
//! 2. A module whose sources hold none of the calls `eval`, `exec`, `compile`, `__import__`, `system`, `popen`, `Popen`,
//!    `check_output`, `getoutput`, `run_path`, `run_module`, `load_module`, `exec_module`, `import_module`, `execv*`,
//!    `spawn*`, `fork_exec`, `startfile`, and that imports none of `subprocess`, `pickle`, `marshal`, `importlib`, `runpy`,
//!    `ctypes`, `code`, `codeop`, `imp`, `pkgutil`, `pydoc`, `multiprocessing`, may stand in [`QUIET`]; one that is
//!    written in C if its documentation names nothing of the kind. It stays out if it names files or modules by what it
//!    is given, as `mailbox` and `copyreg` do, unless a row says so.
//! 3. A module in which one of these is found and is not given what a caller hands over stands in [`JUDGED`], with what
//!    was found.
//! 4. Of another only functions that scripts use daily get a row, each after a look at its source.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The modules of the library, of all versions.
static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "__future__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect _blake2 \
     _bootsubprocess _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw \
     _collections _collections_abc _colorize _compat_pickle _compression _contextvars _crypt _csv _ctypes _curses \
     _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib _frozen_importlib_external _functools \
     _gdbm _hashlib _heapq _hmac _imp _interpchannels _interpqueues _interpreters _io _ios_support _json _locale \
     _lsprof _lzma _markupbase _md5 _msi _multibytecodec _multiprocessing _opcode _opcode_metadata _operator \
     _osx_support _overlapped _pickle _posixshmem _posixsubprocess _py_abc _pydecimal _pyio _pylong _pyrepl _queue \
     _random _remote_debugging _scproxy _sha1 _sha2 _sha256 _sha3 _sha512 _signal _sitebuiltins _socket _sqlite3 \
     _sre _ssl _stat _statistics _string _strptime _struct _suggestions _symtable _sysconfig _testcapi \
     _testinternalcapi _thread _threading_local _tkinter _tokenize _tracemalloc _types _typing _uuid _warnings \
     _weakref _weakrefset _winapi _xxinterpchannels _xxsubinterpreters _zoneinfo _zstd abc aifc annotationlib \
     antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect builtins \
     bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall compression \
     concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm \
     decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp \
     fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip \
     hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword \
     lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt \
     multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib \
     pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd \
     py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy \
     sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd \
     sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau \
     symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading time \
     timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing \
     unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml \
     xmlrpc zipapp zipfile zipimport zlib zoneinfo"
        .split_whitespace()
        .collect()
});

/// Modules, and parts of modules, in which nothing is found that runs what it is given.
static QUIET: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "__future__ abc argparse array atexit base64 binascii bisect calendar cmath codecs colorsys concurrent.futures \
     configparser contextlib contextvars copy crypt csv datetime decimal difflib email enum errno fcntl filecmp fnmatch \
     fractions ftplib functools genericpath getopt getpass graphlib grp hashlib heapq hmac html http.HTTPStatus \
     http.cookies imghdr io.StringIO io.BytesIO ipaddress itertools json keyword locale math mimetypes mmap netrc \
     nntplib numbers operator plistlib poplib pprint pwd queue quopri random re reprlib resource sched secrets select \
     selectors shlex signal smtplib sndhdr socket socketserver sqlite3 sre_constants ssl stat statistics string \
     stringprep struct syslog termios textwrap this threading time token tokenize tomllib traceback tty unicodedata \
     urllib weakref xml.etree xml.dom.minidom xml.parsers xml.sax.saxutils xml.sax.handler xml.sax.xmlreader zlib"
        .split_whitespace()
        .collect()
});

/// Modules in which something is found that runs a text, and why they run none that they are given.
const JUDGED: &[(&str, &str)] = &[
    ("ast", "`parse` makes a tree, and what compiles that is judged where it stands"),
    ("asyncio", "it starts programs by functions that are judged by their names"),
    ("collections", "`namedtuple` makes a function of names that it has looked at"),
    ("concurrent.futures", "what it hands to other processes it has made itself"),
    ("dataclasses", "it makes functions of the names of members"),
    ("http.client", "programs are started by `http.server` alone"),
    ("logging", "its settings alone name what is called: `logging.config`, which has a row"),
    ("platform", "it asks programs of its own choice"),
    ("typing", "annotations that stand as texts are judged as such, and functions that evaluate them by their names"),
    ("uuid", "it asks programs of its own choice"),
    ("warnings", "it looks for the class of a warning that the command line of Python names"),
    ("zoneinfo", "it reads data of its own package"),
];

/// Modules whose functions run what they are given in their own ways, in most of what they are: what is given to such a
/// function has to be proved to be the author's.
pub(super) const EVALUATING: &[&str] = &[
    "bdb",
    "cProfile",
    "cgitb",
    "compileall",
    "distutils",
    "ensurepip",
    "idlelib",
    "imaplib",
    "lib2to3",
    "mailcap",
    "modulefinder",
    "pdb",
    "pipes",
    "profile",
    "py_compile",
    "rlcompleter",
    "test",
    "venv",
    "zipapp",
];

/// The everyday functions of other modules, as in [`super::modules`].
pub(super) const ROWS: &[(&str, &str)] = &[
    ("builtins.breakpoint", "c"),
    ("builtins.help", "c"),
    ("asyncio.subprocess.create_*", "d"),
    ("asyncio.open_unix_connection", "pd path:p"),
    ("asyncio.*_unix_*", "dp path:p"),
    ("cgi.FieldStorage*", "d"),
    ("cgi.parse_header", "d"),
    ("dataclasses.make_dataclass", "c"),
    ("fcntl.ioctl", "c"),
    ("dbm.open().*", "d"),
    ("gettext.gettext", "d"),
    ("gettext.ngettext", "d"),
    ("gettext.pgettext", "d"),
    ("gettext.textdomain", "d"),
    ("gettext.translation().gettext", "d"),
    ("gettext.translation().ngettext", "d"),
    ("http.cookiejar.*CookieJar().save", "pd filename:p"),
    ("http.cookiejar.*CookieJar().load", "pd filename:p"),
    ("http.cookiejar.*CookieJar().revert", "pd filename:p"),
    ("http.cookiejar.*CookieJar", "p"),
    ("http.cookiejar.*", "d"),
    ("http.server.HTTPServer*", "d"),
    ("http.server.ThreadingHTTPServer*", "d"),
    ("http.server.BaseHTTPRequestHandler*", "d"),
    ("http.server.SimpleHTTPRequestHandler*", "d"),
    ("imaplib.IMAP4", "d"),
    ("imaplib.IMAP4_SSL", "d"),
    ("imaplib.IMAP4().*", "d"),
    ("imaplib.IMAP4_SSL().*", "d"),
    ("imaplib.Internaldate2tuple", "d"),
    ("imaplib.Time2Internaldate", "d"),
    ("inspect.cleandoc", "d"),
    ("inspect.is*", "d"),
    ("multiprocessing.Array*", "d"),
    ("multiprocessing.Event*", "d"),
    ("multiprocessing.JoinableQueue*", "d"),
    ("multiprocessing.Lock*", "d"),
    ("multiprocessing.Manager*", "d"),
    ("multiprocessing.Pipe*", "d"),
    ("multiprocessing.Pool*", "d"),
    ("multiprocessing.Process*", "d"),
    ("multiprocessing.Queue*", "d"),
    ("multiprocessing.Semaphore*", "d"),
    ("multiprocessing.SimpleQueue*", "d"),
    ("multiprocessing.Value*", "d"),
    ("multiprocessing.cpu_count", "d"),
    ("multiprocessing.current_process", "d"),
    ("multiprocessing.dummy.*", "d"),
    ("multiprocessing.get_context*", "d"),
    ("multiprocessing.get_logger*", "d"),
    ("multiprocessing.pool.ThreadPool*", "d"),
    ("multiprocessing.set_start_method", "d"),
    ("optparse.*read_file", "c"),
    ("optparse.*read_module", "c"),
    ("optparse.OptionGroup*", "d"),
    ("optparse.OptionParser*", "d"),
    ("optparse.make_option", "d"),
    ("os.close", "d"),
    ("os.fdopen", "d"),
    ("os.read", "d"),
    // A text is the name of a file there, and an address is a list.
    ("socket.socket.bind", "dp"),
    ("socket.socket.connect*", "dp"),
    ("tokenize.open", "p"),
    ("mimetypes.init", "p files:p"),
    ("mimetypes.*read*", "p"),
    ("filecmp.*", "p"),
    ("xml.sax.saxutils.prepare_input_source", "ad"),
    ("socket.socket().bind", "p"),
    ("socket.socket().connect*", "p"),
    ("socketserver.*Unix*", "pd"),
    ("subprocess.Popen().*", "d"),
    ("sys.stdin.*", "d"),
    ("sysconfig.get_*", "d"),
    ("tarfile.open", "pd name:p fileobj:d"),
    ("tarfile.TarFile", "pd name:p"),
    ("tarfile.is_tarfile", "p"),
    ("tarfile.TarInfo", "d"),
    ("tarfile.open().add", "pd name:p arcname:d"),
    ("tarfile.open().extract*", "p"),
    ("tarfile.TarFile().extract*", "p"),
    ("tarfile.TarFile().*", "d"),
    ("tarfile.open().*", "d"),
    ("tempfile.NamedTemporaryFile().*", "d"),
    ("tempfile.SpooledTemporaryFile().*", "d"),
    ("tempfile.TemporaryFile().*", "d"),
    ("tempfile.*", "p mode:d encoding:d"),
    ("timeit.default_timer", "d"),
    ("types.MappingProxyType*", "d"),
    ("types.SimpleNamespace*", "d"),
    ("unittest.IsolatedAsyncioTestCase", "d"),
    ("unittest.SkipTest", "d"),
    ("unittest.*loadTestsFromTestCase", "d"),
    ("unittest.TestCase", "d"),
    ("unittest.TestResult*", "d"),
    ("unittest.TestSuite*", "d"),
    ("unittest.TextTestRunner*", "d"),
    ("unittest.TextTestResult*", "d"),
    ("unittest.expectedFailure", "d"),
    ("unittest.mock.AsyncMock*", "d"),
    ("unittest.mock.MagicMock*", "d"),
    ("unittest.mock.Mock*", "d"),
    ("unittest.mock.call*", "d"),
    ("unittest.mock.mock_open*", "d"),
    ("unittest.mock.sentinel*", "d"),
    ("unittest.skip*", "d"),
    ("urllib.robotparser.RobotFileParser", "a"),
    ("urllib.robotparser.RobotFileParser().set_url", "a"),
    ("wsgiref.headers.*", "d"),
    ("wsgiref.simple_server.make_server*", "d"),
    ("wsgiref.util.*", "d"),
    ("xml.dom.minidom.parse", "pd file:p"),
    ("xml.etree.*().write*", "pd file_or_filename:p file:p"),
    ("xml.etree.*ElementTree().parse", "pd source:p"),
    ("xml.etree.ElementTree.ElementTree", "dp file:p"),
    ("xml.etree.*.iterparse", "pd source:p"),
    ("xml.etree.*.canonicalize", "d from_file:p"),
    ("xml.sax.parse", "pd source:p"),
    ("xml.sax.parseString", "d"),
    ("xmlrpc.client.ServerProxy", "ad uri:a"),
    ("xmlrpc.client.*", "d"),
    ("zipfile.ZipFile", "pd file:p"),
    ("zipfile.is_zipfile", "p"),
    ("zipfile.Path", "p"),
    ("zipfile.ZipInfo", "d"),
    ("zipfile.ZipFile().write", "p"),
    ("zipfile.ZipFile().extract*", "p"),
    ("zipfile.Path().*", "d"),
    ("zipfile.ZipFile().*", "d"),
];

/// Methods of texts, lists, dictionaries and files: whatever has one does nothing else with what it is given.
const METHODS: &str = "add append capitalize casefold center clear close copy count decode difference \
    discard encode endswith expandtabs extend find flush format get index insert intersection isalnum isalpha isascii isdecimal \
    isdigit isidentifier islower isnumeric isspace issubset issuperset istitle isupper items join keys ljust lower lstrip \
    partition pop popitem read readable readline readlines remove removeprefix removesuffix replace reverse rfind rindex \
    rjust rpartition rsplit rstrip seek setdefault sort split splitlines startswith strip swapcase \
    symmetric_difference tell title translate truncate union update upper values write writelines zfill";

/// Beginnings of names that are no private parts, though they look so.
const OPEN: &[&str] = &["_asdict", "_replace", "_make", "_fields", "__init__", "__name__", "__version__", "__doc__"];

/// What a module of the library makes of what its functions are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// It runs none of it.
    Quiet,
    /// It may run it.
    Harmful,
    /// It is none of the library's, or has what stands for itself without a module: those that run a text have rows.
    Foreign,
}

/// Says whether a module is one of the library's.
pub(super) fn is_module(name: &str) -> bool {
    NAMES.contains(name)
}

/// Returns what is known of the module that has the function of a full name.
pub(super) fn nature(function: &str) -> Nature {
    let path = function.split(['(', '[']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('.').collect();
    let is_quiet = |count: &usize| {
        let module = parts[..*count].join(".");
        QUIET.contains(module.as_str()) || JUDGED.iter().any(|(judged, _)| *judged == module)
    };
    if parts[0] == "builtins" {
        return Nature::Foreign;
    }
    let Some(quiet) = (1..=parts.len()).rev().find(is_quiet) else {
        return if NAMES.contains(parts[0]) { Nature::Harmful } else { Nature::Foreign };
    };
    // What a module has of others: `json.codecs`.
    let is_private = |part: &&str| part.starts_with('_') && !OPEN.contains(part);
    let is_other = |part: &&str| NAMES.contains(part) && nature(part) == Nature::Harmful;
    let rest = &parts[quiet..];
    if rest.iter().any(|part| is_private(part) || is_other(part)) { Nature::Harmful } else { Nature::Quiet }
}

/// Says whether a function is a method that does nothing but what those of texts, lists and files do, or the class
/// of an exception.
pub(super) fn is_plain(function: &str) -> bool {
    let last = function.rsplit('.').next().unwrap_or_default();
    let is_method = function.contains(['(', '[']) && METHODS.split_whitespace().any(|method| method == last);
    is_method || ["Error", "Exception", "Warning", "BadZipFile"].iter().any(|end| last.ends_with(end))
}

/// Says whether a function runs what it is given in a way of its own: see [`EVALUATING`].
pub(super) fn evaluates(root: &str) -> bool {
    EVALUATING.contains(&root) || root.starts_with('_') && NAMES.contains(root)
}

#[cfg(test)]
mod tests {
    use super::{EVALUATING, JUDGED, NAMES, Nature, QUIET, ROWS, nature};

    #[track_caller]
    fn check(function: &str, expected: Nature) {
        assert_eq!(nature(function), expected, "{function}");
    }

    #[test]
    fn modules_are_told_apart() {
        check("json.dumps", Nature::Quiet);
        check("email.mime.text.MIMEText", Nature::Quiet);
        check("concurrent.futures.ThreadPoolExecutor().submit", Nature::Quiet);
        check("concurrent.interpreters.create().exec", Nature::Harmful);
        check("uuid.uuid5", Nature::Quiet);
        check("uuid._get_command_stdout", Nature::Harmful);
        check("json.codecs.open", Nature::Quiet);
        check("logging.os.system", Nature::Harmful);
        check("_xxsubinterpreters.run_string", Nature::Harmful);
        check("imaplib.IMAP4_stream", Nature::Harmful);
        check("requests.post", Nature::Foreign);
        check("builtins.print", Nature::Foreign);
    }

    #[test]
    fn each_module_of_the_tables_is_one_of_the_library() {
        let roots = QUIET.iter().copied().chain(JUDGED.iter().map(|(module, _)| *module));
        let roots = roots.chain(EVALUATING.iter().copied()).chain(ROWS.iter().map(|(function, _)| *function));
        let unknown: Vec<&str> = roots.filter(|it| !NAMES.contains(it.split('.').next().unwrap_or(it))).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
