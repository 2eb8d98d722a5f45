//! What the functions of Python's modules make of their arguments, for the modules that can do harm: `library` says
//! which of Python's own do none. A function of one that has no row takes no payload text at all.

use super::library::{self, Nature};

/// What an argument is for a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Data, or judged elsewhere.
    Data,
    /// A text in which `\` has a meaning.
    Escaped,
    /// A setting in which `%(name)s` stands for another.
    Setting,
    /// The address of what is fetched.
    Address,
    /// The name of a file or folder.
    Path,
    /// A word of a program, which may be an option.
    Word,
    /// The name of another repository.
    Repository,
    /// A format or a template, into which others are put.
    Format,
    /// Code, a command, the name of a module, or something unknown.
    Code,
}

/// Modules all of whose functions load code, or call what a text says.
const LOADING_CODE: &[&str] = &[
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "jsonpickle",
    "marshal",
    "shelve",
    "runpy",
    "code",
    "codeop",
    "importlib",
    "imp",
    "pydoc",
    "pkgutil",
    "pty",
    "ctypes",
    "_ctypes",
    "cffi",
    "zipimport",
    "pkg_resources",
];

/// Modules of others whose functions run, load or write what they are given.
const HARMFUL: &[&str] = &["pip", "setuptools", "sh", "plumbum", "pexpect", "invoke", "fabric"];

/// Modules what they return is code: a function that it has is not known either.
const RETURNING_CODE: &[&str] =
    &["importlib", "ctypes", "cffi", "pydoc", "pkgutil", "imp", "runpy", "code", "zipimport", "gc", "sh", "plumbum"];

/// Functions that look for what is named, and run no file that is not called as code is.
const FINDING: &[&str] = &["importlib.util.find_spec", "importlib.resources.files"];

/// What is no function.
const VALUES: &[&str] = &[
    "environ",
    "environb",
    "sep",
    "linesep",
    "devnull",
    "pathsep",
    "curdir",
    "pardir",
    "extsep",
    "name",
    "stdout",
    "stderr",
    "stdin",
    "executable",
    "argv",
    "path",
    "version",
    "version_info",
    "platform",
    "maxsize",
    "prefix",
];

/// The functions: positional arguments by letters, of which the last stands for all that follow, then those with
/// names. `d`: data, `e`: no `\`, `s`: a setting, `a`: an address, `p`: a path, `w`: a word of a program, `r`: a repository,
/// `f`: a format, `c`: code. A name that ends with `*` stands for all that begin so; the first row that fits holds.
const ROWS: &[(&str, &str)] = &[
    ("builtins.eval", "c"),
    // What code returns may be a function.
    ("builtins.eval()*", "c"),
    ("builtins.exec", "c"),
    ("builtins.compile", "c"),
    ("builtins.open", "pd file:p"),
    ("io.open*", "pd file:p"),
    ("_io.open*", "pd file:p"),
    ("io.FileIO", "pd"),
    ("_io.FileIO", "pd"),
    ("codecs.open", "pd filename:p"),
    ("io.StringIO", "d"),
    ("io.BytesIO", "d"),
    ("io.TextIOWrapper", "d"),
    ("io.Buffered*", "d"),
    ("os.environ*", "d"),
    ("os.putenv", "d"),
    ("os.unsetenv", "d"),
    ("os.getenv*", "d"),
    ("os.get*", "d"),
    ("os.fs*", "d"),
    ("os.path.join", "p"),
    ("os.path.expandvars", "c"),
    ("os.path.expanduser", "p"),
    ("os.path.*", "d"),
    ("posixpath.*", "d"),
    ("os.linesep.*", "d"),
    ("os.sep.*", "d"),
    ("os.pathsep.*", "d"),
    ("os._exit", "d"),
    ("os.strerror", "d"),
    ("os.write", "d"),
    ("os.isatty", "d"),
    ("os.kill", "d"),
    ("os.umask", "d"),
    ("os.urandom", "d"),
    ("os.rename", "p"),
    ("os.renames", "p"),
    ("os.replace", "p"),
    ("os.remove", "p"),
    ("os.unlink", "p"),
    ("os.mkdir", "p"),
    ("os.makedirs", "p"),
    ("os.rmdir", "p"),
    ("os.removedirs", "p"),
    ("os.chmod", "p"),
    ("os.lchmod", "p"),
    ("os.chown", "p"),
    ("os.lchown", "p"),
    ("os.link", "p"),
    ("os.symlink", "p"),
    ("os.readlink", "p"),
    ("os.listdir", "p"),
    ("os.scandir", "p"),
    ("os.walk", "p"),
    ("os.fwalk", "p"),
    ("os.stat", "p"),
    ("os.lstat", "p"),
    ("os.access", "p"),
    ("os.chdir", "p"),
    ("os.truncate", "p"),
    ("os.utime", "p"),
    ("os.mkfifo", "p"),
    ("os.mknod", "p"),
    ("os.open", "p"),
    ("os.statvfs", "p"),
    ("shutil.which", "d"),
    ("shutil.copyfileobj", "d"),
    ("shutil.get_terminal_size", "d"),
    ("shutil.ignore_patterns", "d"),
    ("shutil.copy*", "p"),
    ("shutil.move", "p"),
    ("shutil.rmtree", "p"),
    ("shutil.chown", "pd"),
    ("shutil.disk_usage", "p"),
    ("shutil.make_archive", "pdp root_dir:p base_dir:p"),
    ("shutil.unpack_archive", "p"),
    ("pathlib.Path().rename", "p"),
    ("pathlib.Path().replace", "p"),
    ("pathlib.Path().symlink_to", "p"),
    ("pathlib.Path().hardlink_to", "p"),
    ("pathlib.Path().link_to", "p"),
    ("pathlib.Path().joinpath", "p"),
    ("pathlib.Path().with_name", "p"),
    ("pathlib.Path().with_stem", "p"),
    ("pathlib.Path().glob", "p"),
    ("pathlib.Path().rglob", "p"),
    ("pathlib.Path().samefile", "p"),
    ("pathlib.Path().__truediv__", "p"),
    ("pathlib.Path().__rtruediv__", "p"),
    ("operator.truediv", "p"),
    ("operator.itruediv", "p"),
    ("operator.__truediv__", "p"),
    ("operator.__itruediv__", "p"),
    ("pathlib.Path().*", "d"),
    ("pathlib.*", "p"),
    ("gzip.open", "pd filename:p"),
    ("gzip.GzipFile", "pd filename:p fileobj:d"),
    ("bz2.open", "pd filename:p"),
    ("bz2.BZ2File", "pd filename:p"),
    ("lzma.open", "pd filename:p"),
    ("lzma.LZMAFile", "pd filename:p"),
    ("gzip.*compress", "d"),
    ("gzip.compress", "d"),
    ("gzip.decompress", "d"),
    ("bz2.compress", "d"),
    ("bz2.decompress", "d"),
    ("lzma.compress", "d"),
    ("lzma.decompress", "d"),
    ("sqlite3.connect", "pd database:p"),
    ("sqlite3.Connection", "pd database:p"),
    ("sqlite3.dbapi2.connect", "pd database:p"),
    ("sqlite3.dbapi2.Connection", "pd database:p"),
    ("sqlite3.connect().execute*", "cd"),
    ("sqlite3.connect().cursor().execute*", "cd"),
    ("logging.basicConfig", "d filename:p format:f"),
    ("logging.FileHandler", "pd filename:p"),
    ("logging.handlers.*FileHandler", "pd filename:p"),
    ("logging.handlers.RotatingFileHandler", "pd filename:p"),
    ("logging.handlers.TimedRotatingFileHandler", "pd filename:p"),
    ("logging.handlers.WatchedFileHandler", "pd filename:p"),
    ("logging.config.*", "c"),
    ("logging.Formatter", "f"),
    ("logging.LogRecord", "ddddfd msg:f"),
    ("logging.makeLogRecord", "f"),
    ("fileinput.input", "pd files:p"),
    ("fileinput.FileInput", "pd files:p"),
    ("linecache.getline", "pd"),
    ("linecache.getlines", "pd"),
    ("glob.escape", "d"),
    ("glob.*", "p"),
    ("dbm.open", "pd"),
    ("urllib.request.urlopen", "ad url:a"),
    ("urllib.request.Request", "ad url:a"),
    ("urllib.request.urlretrieve", "ap url:a filename:p"),
    ("urllib.request.*().open", "ad fullurl:a"),
    ("urllib.request.build_opener().open", "ad fullurl:a"),
    ("urllib.request.OpenerDirector().open", "ad fullurl:a"),
    ("urllib.request.URLopener().*", "ap"),
    ("urllib.request.FancyURLopener().*", "ap"),
    ("webbrowser.get", "c"),
    ("webbrowser.register", "c"),
    ("webbrowser.open*", "a"),
    ("webbrowser.get().open*", "a"),
    ("webbrowser.Error", "d"),
    ("webbrowser.*", "c"),
    ("xml.etree.ElementTree.parse", "pd source:p"),
    ("configparser.ConfigParser().read", "p"),
    ("configparser.ConfigParser().read_*", "s"),
    ("configparser.ConfigParser().set", "s"),
    ("configparser.ConfigParser()[].update", "s"),
    ("configparser.RawConfigParser().read", "p"),
    ("netrc.netrc", "p"),
    ("subprocess.run", "d"),
    ("subprocess.call", "d"),
    ("subprocess.check_call", "d"),
    ("subprocess.check_output", "d"),
    ("subprocess.Popen", "d"),
    ("subprocess.list2cmdline", "d"),
    ("subprocess.CalledProcessError", "d"),
    ("subprocess.TimeoutExpired", "d"),
    ("subprocess.SubprocessError", "d"),
    ("sys.exit", "d"),
    ("sys.stdout.*", "d"),
    ("sys.stderr.*", "d"),
    ("sys.__stdout__.*", "d"),
    ("sys.intern", "d"),
    ("sys.getsizeof", "d"),
    ("sys.displayhook", "d"),
    ("sys.argv*", "d"),
    ("sys.path*", "c"),
    // The modules as such: what they have is judged where it is called.
    ("importlib.metadata", "d"),
    ("importlib.util", "d"),
    ("importlib.resources", "d"),
    // They bring the package that is named.
    ("importlib.resources.files().*", "p"),
    ("importlib.resources.files", "c"),
    ("importlib.metadata.version*", "d"),
    ("importlib.metadata.metadata*", "d"),
    ("importlib.metadata.requires*", "d"),
    ("importlib.metadata.files*", "d"),
    ("importlib.metadata.PackageNotFoundError", "d"),
    ("unittest.TestCase().*", "d"),
    ("string.Template", "f"),
    ("string.Formatter().*", "fd"),
    ("locale.format*", "f"),
    ("operator.mod", "f"),
    // A loader by whose name `load` makes data alone: see `calls`.
    ("yaml.*SafeLoader*", "d"),
    ("yaml.*BaseLoader*", "d"),
    ("yaml.*Loader*", "c"),
    ("yaml.constructor.*", "c"),
    ("yaml.load*", "c"),
    ("*.yaml.load*", "c"),
    ("jinja2.Template", "c"),
    ("jinja2.*.from_string", "c"),
    ("jinja2.*.compile_expression", "c"),
    ("jinja2.DictLoader", "c"),
    ("jinja2.FunctionLoader", "c"),
    ("jinja2.loaders.DictLoader", "c"),
    ("jinja2.loaders.FunctionLoader", "c"),
    ("mako.template.Template", "c"),
    ("mako.lookup.*put_string", "dc"),
    ("django.template.Template", "c"),
    ("tornado.template.Template", "c"),
    ("tornado.template.DictLoader", "c"),
    ("bottle.template", "cd"),
    ("bottle.SimpleTemplate", "c"),
    ("chameleon.*Template", "c"),
    // They run the code of another language.
    ("js2py.*", "c"),
    ("execjs.*", "c"),
    ("dukpy.*", "c"),
    ("quickjs.*", "c"),
    ("py_mini_racer.*", "c"),
    ("lupa.*", "c"),
    ("asteval.*", "c"),
    ("simpleeval.*", "c"),
    // They load what is code, or a file of it.
    ("torch.load", "c"),
    ("torch.hub.load*", "c"),
    ("torch.jit.load", "c"),
    ("joblib.load", "c"),
    ("attr.make_class", "c"),
    ("attrs.make_class", "c"),
    ("pandas.read_pickle", "c"),
    ("*.models.load_model", "c"),
    // The name of a repository chooses what `git` runs, and any other word may be an option.
    ("git.Repo.clone_from", "rp url:r to_path:p branch:w"),
    ("git.Repo().clone_from", "rp url:r to_path:p branch:w"),
    ("git.Repo.init", "p"),
    ("git.Repo", "p"),
    ("git.*.create_remote", "wr name:w url:r"),
    ("git.*.set_url", "r"),
    ("git.*.create_head", "w"),
    ("git.*.create_tag", "w message:d m:d"),
    ("git.*.index.commit", "d"),
    ("git.*.index.add", "p"),
    ("git.*.git.clone", "r"),
    ("git.*.git.config", "c"),
    ("git.*.git.execute", "c"),
    ("git.*.git.*", "w m:d message:d"),
    // What it keeps may be read again by a name of its own.
    ("readline.*", "c"),
    ("argparse.FileType", "d"),
    ("re.sub", "ded repl:e"),
    ("re.subn", "ded repl:e"),
    ("re.compile().sub", "ed repl:e"),
    ("re.compile().subn", "ed repl:e"),
];

/// What a function makes of its arguments.
pub(super) struct Uses {
    placed: Vec<Use>,
    named: Vec<(&'static str, Use)>,
}

impl Uses {
    /// Returns what the argument at a place is.
    pub(super) fn placed(&self, at: usize) -> Use {
        self.placed.get(at).or(self.placed.last()).copied().unwrap_or(Use::Data)
    }

    /// Returns what the argument of a name is: what its row says, or the worst that any is.
    pub(super) fn named(&self, name: &str) -> Use {
        let own = self.named.iter().find(|(known, _)| *known == name).map(|(_, usage)| *usage);
        own.unwrap_or_else(|| if self.named.is_empty() { self.worst() } else { Use::Data })
    }

    /// Returns the worst that any argument is.
    pub(super) fn worst(&self) -> Use {
        let named = self.named.iter().map(|(_, usage)| *usage);
        self.placed.iter().copied().chain(named).max().unwrap_or(Use::Data)
    }

    fn all(usage: Use) -> Self {
        Self { placed: vec![usage], named: Vec::new() }
    }
}

/// Returns what the function of a full name makes of its arguments.
pub(super) fn uses(function: &str) -> Uses {
    let row = |rows: &'static [(&'static str, &'static str)]| rows.iter().find(|(pattern, _)| fits(pattern, function));
    if let Some((_, row)) = row(library::ROWS).or_else(|| row(ROWS)) {
        let mut words = row.split(' ');
        let placed = words.next().unwrap_or_default().chars().map(usage).collect();
        let named = words.filter_map(|word| word.split_once(':'));
        let named = named.map(|(name, letter)| (name, letter.chars().next().map_or(Use::Code, usage))).collect();
        return Uses { placed, named };
    }
    let root = root(function);
    let is_foreign = || LOADING_CODE.contains(&root) || HARMFUL.contains(&root);
    let usage = match library::nature(function) {
        Nature::Quiet => Use::Data,
        Nature::Foreign if !is_foreign() => Use::Data,
        _ if returns_code(function) => Use::Code,
        // A method of an object, such as a queue or a response.
        Nature::Foreign if function.contains(['(', '[']) && !function.ends_with(']') => Use::Data,
        Nature::Harmful if !library::evaluates(root) && library::is_plain(function) => Use::Data,
        Nature::Foreign | Nature::Harmful => Use::Code,
    };
    Uses::all(usage)
}

/// Says whether a function is one of a module that runs what it is given, or loads it as code, whatever that is.
pub(super) fn loads_code(function: &str) -> bool {
    let root = root(function);
    (LOADING_CODE.contains(&root) || library::evaluates(root)) && uses(function).worst() == Use::Code
}

/// Says whether a function looks for a module or a package, and runs nothing but those of its name: of files that the
/// script writes none is one, unless it is named as code is.
pub(super) fn only_finds(function: &str) -> bool {
    FINDING.contains(&function)
}

/// Says whether a full name is a member of an object that a module of the library made, and of which nobody knows that it
/// runs a text: a number or a text mostly, as `returncode`.
pub(super) fn is_member(function: &str) -> bool {
    let is_made = function.contains(['(', '[']) && library::nature(function) == Nature::Harmful;
    is_made && !loads_code(function) && !returns_code(function)
}

/// Says whether what stands in a full name is code, or something that finds code.
fn returns_code(function: &str) -> bool {
    RETURNING_CODE.contains(&root(function)) || function.starts_with("sys.modules")
}

fn root(function: &str) -> &str {
    function.split(['.', '(', '[']).next().unwrap_or_default()
}

/// Says whether a full name is a value of a module, and no function that may be called.
pub(super) fn is_value(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_module = !name.contains('.');
    is_module || VALUES.contains(&last) || last.contains(['(', '[']) || last.chars().all(|it| !it.is_lowercase())
}

/// Says whether a full name is one of a pattern, in which `*` stands for anything.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*').peekable();
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty()
}

fn usage(letter: char) -> Use {
    match letter {
        'd' => Use::Data,
        'e' => Use::Escaped,
        's' => Use::Setting,
        'a' => Use::Address,
        'p' => Use::Path,
        'w' => Use::Word,
        'r' => Use::Repository,
        'f' => Use::Format,
        _ => Use::Code,
    }
}
