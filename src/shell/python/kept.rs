//! What functions of Python, of its modules and of libraries leave of a text.

use super::tree::{Argument, Expr};
use crate::shell::change::Change;
use crate::shell::filename::base;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// It is taken out of JSON or YAML.
const JSON: Change = Change::MARKED.with(Change::JSON);

/// It is left out what is no letter and no digit.
const LETTERS: Change = Change::DASHED.with(Change::ENDED);

/// Functions and methods that leave out what stands at the end.
const ENDING: &[&str] = &["rstrip", "removesuffix", "splitext", "dirname", "with_suffix", "with_stem"];

/// Functions and methods that give a part of a text behind a mark, or leave blanks out of it.
const MARKING: &[&str] = &[
    "splitlines",
    "read_string",
    "parse_qs",
    "parse_qsl",
    "urlparse",
    "urlsplit",
    "urldefrag",
    "DictReader",
    "reader",
    "StringIO",
    "BytesIO",
    "readline",
    "readlines",
    "basename",
    "normpath",
    "relpath",
    "relative_to",
    "commonpath",
    "dedent",
    "indent",
    "wrap",
    "fill",
    "shorten",
    "capwords",
    "parse_args",
    "parse_known_args",
];

/// Functions that read JSON, YAML and the like.
const LOADING: &[&str] = &["load", "loads", "safe_load", "json", "safe_load_all", "raw_decode"];

/// Modules whose functions of those names read other things.
const OTHER_LOADERS: &[&str] = &["plistlib", "marshal", "pickle", "xmltodict", "xmlrpc"];

/// Functions and methods that decode a text, so that another comes of it, also of letters.
const DECODING: &[&str] = &[
    "b64decode",
    "standard_b64decode",
    "urlsafe_b64decode",
    "b32decode",
    "b16decode",
    "b85decode",
    "a85decode",
    "decodebytes",
    "decodestring",
    "unhexlify",
    "a2b_hex",
    "a2b_base64",
    "fromhex",
    "decompress",
];

/// Functions that make ASCII of other characters, or others of them.
const FOREIGN: &[&str] = &["normalize", "unidecode"];

/// Members of a path that are parts of it.
pub(super) const PATH_PARTS: &[&str] =
    &["name", "stem", "suffix", "suffixes", "parts", "parent", "parents", "root", "anchor"];

/// What Python makes of a path's text leaves out `./`.
const PATHS: &[&str] = &["Path", "PurePath", "PosixPath", "PurePosixPath"];

/// Codings in which what is ASCII is itself.
const CODINGS: &[&str] = &["utf-8", "utf8", "utf_8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "cp1252"];

/// What to do with a character that a coding lacks, so that it is not left out.
const ERRORS: &[&str] =
    &["strict", "surrogateescape", "surrogatepass", "backslashreplace", "xmlcharrefreplace", "namereplace"];

/// Functions and methods of which nothing comes, or a number, or that give back each text that they are given as it is,
/// with the author's around it.
static KEEPING: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "namelist infolist testzip printdir extract extractall getinfo maketrans __truediv__ __add__ __radd__ __iadd__ __mod__ __str__ __repr__ __format__ __enter__ __setitem__ __contains__ reduce \
    ArgumentParser Element ElementTree EmailMessage Environment ExitStack FileHandler FileIO Formatter GzipFile \
    MIMEMultipart MIMEText Mock NamedTemporaryFile Process ProcessPoolExecutor Queue Request Session SimpleNamespace \
    SubElement Template TemporaryDirectory TemporaryFile Thread ThreadPoolExecutor ZipFile abs absolute abspath \
    acquire add addHandler add_argument add_header add_section all any append appendleft apply array as_posix \
    as_string assertEqual astimezone b64encode basicConfig blake2b bool bytearray bytes callable capitalize casefold \
    cast center check_returncode chmod choice chr clear close combine commit communicate compare_digest compile \
    connect contains copy copy2 copyfile copyfileobj copytree count crc32 create_task critical cursor cwd dataclass \
    date datetime debug deepcopy defaultdict delete deque dict digest discard done dump dump_all dumps encodebytes \
    endswith enter_context enumerate environ error escape exception execute executemany executescript exists exit \
    expanduser expandvars extend fdopen fetchall fetchmany fetchone fetchrow field fields find float flush format \
    format_map fromisoformat fromkeys frozenset fspath fsync gather get getLogger get_event_loop get_template \
    getattr getboolean getcode getcwd getenv getheader getint getmtime getoutput getsize getstatusoutput getvalue \
    glob globals group groupdict groups hasattr hash head header hexdigest hexlify home hypot id iglob import_module \
    index info input insert int is_absolute is_dir is_file isalnum isalpha isascii isatty isdecimal isdigit isdir \
    isfile isidentifier isinstance islower isnumeric isoformat isprintable isspace issubclass istitle isupper items \
    iter iterdir joinpath keys kill len line link list listdir ljust locals log lru_cache make_archive \
    makedirs max md5 min mkdir mkdtemp mkfifo mkstemp move namedtuple new next now nullcontext oct open ord parse \
    partial patch pformat poll pop popen popitem post pp pprint print put put_nowait putenv query quote quote_plus \
    raise_for_status randint range read read_bytes read_text readable realpath recv release remove rename render \
    repr request resolve result returncode rfind rglob rindex rjust rmdir rmtree round run_in_executor \
    run_until_complete safe_dump safe_substitute scandir seek select send send_message sendmail set setLevel \
    set_content setattr setdefault sha1 sha224 sha256 sha384 sha512 sleep sort sorted standard_b64encode start \
    startswith stat str strftime strptime submit substitute sum super suppress swapcase symlink symlink_to system \
    task_done tell terminate test time timedelta timestamp title to_bytes to_thread today tolist tostring touch \
    tuple type union unlink update upper urlencode urljoin urlopen urlretrieve urlsafe_b64encode utcnow uuid4 uuid5 \
    values vars wait walk warn warning which with_name write write_bytes write_text writeheader writelines writerow \
    writerows writestr xpath zfill zip"
        .split_ascii_whitespace()
        .collect()
});

/// Modules that send a text elsewhere, or keep it: what comes back is not made of it here.
const SENDING: &[&str] = &[
    "requests",
    "httpx",
    "aiohttp",
    "urllib.request",
    "http.client",
    "smtplib",
    "boto3",
    "github",
    "slack_sdk",
    "sqlite3",
    "psycopg2",
    "logging",
    "argparse",
    "click",
    "datetime",
    "hashlib",
    "os.environ",
];

/// Programs that print what they read line by line, or words of theirs.
const PRINTING: &[&str] =
    &["cat", "head", "tail", "sort", "uniq", "tee", "tac", "grep", "printf", "echo", "ls", "find"];

/// Programs that make another text of what they read.
const EDITING: &[&str] = &[
    "cut", "sed", "awk", "gawk", "mawk", "tr", "rev", "perl", "jq", "yq", "xargs", "base64", "basename", "dirname",
    "expr", "iconv", "sh", "bash", "python", "python3", "ruby", "node", "paste", "fold", "nl", "od", "xxd", "envsubst",
    "column", "realpath",
];

/// Returns what is left of a text that a function of a name is given, or a method of its own has: nothing where nobody
/// knows. `names` are the function's full names.
pub(super) fn by_function(name: &str, names: &BTreeSet<String>, arguments: &[Argument]) -> Option<Change> {
    let is_of = |modules: &[&str]| {
        let is_one = |full: &String| {
            modules.iter().any(|it| full.strip_prefix(it).is_some_and(|rest| rest.starts_with(['.', '('])))
        };
        !names.is_empty() && names.iter().all(is_one)
    };
    let is_full = |wanted: &[&str]| !names.is_empty() && names.iter().all(|full| wanted.contains(&full.as_str()));
    match name {
        "lower" => Some(Change::SMALL),
        "slugify" if arguments.len() == 1 => Some(Change::CLEAN.with(Change::FRONTED).with(Change::ANY)),
        "split" if is_full(&["os.path.split", "shlex.split"]) => Some(Change::MARKED),
        "unquote" | "unquote_plus" => Some(Change::MARKED.with(Change::QUOTED)),
        _ if PATHS.contains(&name) => Some(Change::GLUED),
        _ if FOREIGN.contains(&name) => Some(Change::FOREIGN),
        _ if ENDING.contains(&name) => Some(Change::ENDED),
        _ if MARKING.contains(&name) => Some(Change::MARKED),
        _ if LOADING.contains(&name) => (!is_of(OTHER_LOADERS)).then_some(JSON),
        _ if DECODING.contains(&name) => Some(Change::DECODED),
        _ if KEEPING.contains(name) => Some(Change::NONE),
        _ if name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Exit") => Some(Change::NONE),
        _ if is_of(SENDING) => Some(Change::NONE),
        _ => None,
    }
}

/// Returns what a program prints of its words and of what it reads.
pub(super) fn printed(program: &str) -> Change {
    let program = base(program);
    match () {
        () if EDITING.contains(&program) => Change::FREE,
        () if PRINTING.contains(&program) => Change::MARKED,
        () => Change::NONE,
    }
}

/// Returns what comes of a text in which marks become these characters.
pub(super) fn marks_of(text: &str) -> Change {
    let dashed = if text.contains('-') { Change::DASHED } else { Change::NONE };
    let dotted = if text.contains(['/', '.', '~', '\\']) { Change::DOTTED } else { Change::NONE };
    dashed.with(dotted)
}

/// Says whether a text means nothing wherever it stands.
pub(super) fn is_harmless(by: &str) -> bool {
    !by.is_empty() && by.chars().all(|it| it.is_alphanumeric() || it == '_' || it == ' ')
}

/// Returns what is left of a text behind a beginning.
pub(super) fn behind_text(front: &str) -> Change {
    match () {
        () if front.is_empty() => Change::NONE,
        () if front.chars().all(char::is_alphabetic) => Change::CUT.with(Change::MARKED),
        () if !front.ends_with(char::is_alphanumeric) => Change::MARKED,
        () => Change::ANY,
    }
}

/// Returns what a slice leaves of a text.
pub(super) fn sliced(items: &[Expr]) -> Change {
    let is_colon = |item: &Expr| matches!(item, Expr::Any(inside) if inside.is_empty());
    match items {
        _ if items.iter().filter(|item| is_colon(item)).count() > 1 => Change::BY_PROGRAM,
        [first, ..] if is_colon(first) => Change::ENDED,
        items if items.iter().any(is_colon) => Change::ANY,
        _ => Change::NONE,
    }
}

/// Returns what comes of a text in which one text becomes another; nothing stands for what is no literal.
pub(super) fn replaced(from: Option<&str>, to: Option<&str>) -> Change {
    let Some(to) = to else { return Change::FREE };
    let Some(from) = from else {
        return match to {
            "" => Change::BY_PROGRAM,
            to if is_harmless(to) => Change::GLUED,
            _ => Change::FREE,
        };
    };
    let has_letters = from.contains(char::is_alphanumeric);
    let is_glued = from.contains(char::is_whitespace) && !to.contains(char::is_whitespace);
    let glued = if is_glued { Change::GLUED } else { Change::NONE };
    match () {
        () if from.is_empty() || is_harmless(to) => glued,
        () if to.is_empty() && has_letters => {
            let front = if from.ends_with(char::is_alphanumeric) { Change::ANY } else { Change::MARKED };
            front.with(Change::JOINED).with(glued)
        }
        () if to.is_empty() => Change::MARKED.with(glued),
        () if has_letters => Change::FREE,
        () if marks_of(to) == Change::NONE => Change::MARKED.with(glued),
        () => marks_of(to).with(glued),
    }
}

/// Returns what is left by `translate`, whose table is made there.
pub(super) fn translated(arguments: &[Argument]) -> Change {
    let [Argument { value: Expr::Call(maker, given), .. }] = arguments else { return Change::FREE };
    let text = |at: usize| given.get(at).and_then(|it| it.value.text());
    let is_punctuation = given.get(2).is_some_and(|it| it.value.last_name() == Some("punctuation"));
    let left_out = if is_punctuation { Some("-./~\\".to_owned()) } else { text(2) };
    match (maker.last_name(), text(0), text(1), given.len()) {
        (Some("maketrans"), Some(from), Some(to), 2 | 3) => {
            let mut made = if from.is_empty() { Change::NONE } else { replaced(Some(&from), Some(&to)) };
            if given.len() == 3 {
                let Some(left_out) = left_out else { return Change::FREE };
                let is_marks = !left_out.contains(char::is_alphanumeric);
                let is_clean = is_punctuation && from.is_empty();
                let clean = if is_clean { Change::CLEAN.with(Change::EMPTIED) } else { Change::NONE };
                made = if is_marks { made.with(LETTERS).with(clean) } else { made.with(Change::BY_PROGRAM) };
            }
            made
        }
        _ => Change::FREE,
    }
}

/// Returns what a part of a text is that is divided by another: `split`, `partition`.
pub(super) fn divided(arguments: &[Argument]) -> Change {
    match arguments.first().map(|it| it.value.text()) {
        None => Change::MARKED,
        Some(Some(mark)) if !mark.is_empty() && !mark.ends_with(char::is_alphanumeric) => Change::MARKED,
        // `split(None, 1)`
        Some(None)
            if matches!(arguments[0].value, Expr::Constant) || arguments[0].value.last_name() == Some("None") =>
        {
            Change::MARKED
        }
        Some(_) if arguments[0].name.as_deref() == Some("maxsplit") => Change::MARKED,
        Some(_) => Change::ANY,
    }
}

/// Returns what is left by a method that leaves out characters in front.
pub(super) fn without_front(method: &str, arguments: &[Argument]) -> Change {
    let end = if method == "strip" { Change::ENDED } else { Change::NONE };
    let Some(first) = arguments.first() else { return Change::MARKED };
    let Some(text) = first.value.text() else { return Change::ANY };
    if method == "removeprefix" {
        return behind_text(&text);
    }
    let has_letters = text.contains(char::is_alphanumeric);
    let fronted = if text.contains('-') { Change::FRONTED } else { Change::NONE };
    match () {
        () if !has_letters => Change::MARKED.with(end).with(fronted),
        () if text.chars().all(char::is_alphabetic) => Change::CUT.with(Change::MARKED).with(end),
        () => Change::ANY.with(fronted),
    }
}

/// Returns what comes of a text that is coded, or decoded, so.
pub(super) fn coded(arguments: &[Argument]) -> Change {
    let is_known = |argument: Option<&Argument>, known: &[&str]| {
        argument.is_none_or(|it| it.value.text().is_some_and(|text| known.contains(&text.to_lowercase().as_str())))
    };
    let named = |name: &str| arguments.iter().find(|it| it.name.as_deref() == Some(name));
    let placed = |at: usize| arguments.get(at).filter(|it| it.name.is_none());
    let coding = named("encoding").or_else(|| placed(0));
    let errors = named("errors").or_else(|| placed(1));
    let is_coded = is_known(coding, CODINGS);
    match () {
        () if is_coded && is_known(errors, ERRORS) => Change::NONE,
        () if (is_coded || is_known(coding, &["utf-8-sig", "utf_8_sig"]))
            && is_known(errors, &["ignore", "replace"]) =>
        {
            Change::FOREIGN
        }
        () => Change::FREE,
    }
}

/// Returns what comes of the characters of a text that are put together again, each made of one by `made`; `loops` has the
/// conditions.
pub(super) fn gathered(made: &[Expr], loops: &[(Expr, Expr)]) -> Change {
    let ([made], [(target, _), filters @ ..]) = (made, loops) else { return Change::FREE };
    if filters.iter().any(|(target, _)| *target != Expr::Constant) {
        return Change::FREE;
    }
    let is_itself = |value: &Expr| match value {
        Expr::Call(callee, given) => {
            let is_case = matches!(callee.last_name(), Some("lower" | "upper"));
            is_case && given.is_empty() && matches!(&**callee, Expr::Member(owner, _) if **owner == *target)
        }
        value => value == target,
    };
    let conditions: Vec<&Expr> = filters.iter().map(|(_, condition)| condition).collect();
    match made {
        value if is_itself(value) && conditions.is_empty() => Change::NONE,
        value if is_itself(value) => {
            match conditions.iter().map(|it| letters_kept(it, target)).collect::<Option<Vec<_>>>() {
                Some(kept) => kept.into_iter().fold(LETTERS.with(Change::EMPTIED), Change::with),
                None => Change::BY_PROGRAM,
            }
        }
        Expr::Any(items) => {
            let [value, otherwise, Expr::Any(condition)] = items.as_slice() else { return Change::FREE };
            let texts = [value, otherwise].into_iter().filter(|it| !is_itself(it)).map(Expr::text);
            let Some(texts) = texts.collect::<Option<Vec<String>>>() else { return Change::FREE };
            let marks = texts.iter().map(|text| marks_of(text)).fold(Change::NONE, Change::with);
            let kept = match condition.as_slice() {
                [condition] => letters_kept(condition, target),
                _ => None,
            };
            let is_filtered = !conditions.is_empty() || texts.iter().any(String::is_empty);
            match (is_filtered, kept) {
                (false, _) if texts.iter().all(|text| is_harmless(text)) => {
                    kept.filter(|kept| kept.is_clean()).map_or(Change::NONE, |_| Change::CLEAN)
                }
                (_, Some(kept)) if conditions.is_empty() && !marks.is_dotted() => {
                    LETTERS.with(marks).with(kept).with(if is_filtered { Change::EMPTIED } else { Change::NONE })
                }
                (true, None) if marks == Change::NONE => Change::BY_PROGRAM,
                _ => Change::FREE,
            }
        }
        // Each character may become another.
        _ => Change::FREE,
    }
}

/// Returns what a condition leaves of a text that holds of all letters and digits of ASCII; nothing where it may not hold
/// of some.
fn letters_kept(condition: &Expr, target: &Expr) -> Option<Change> {
    let (mut letters, mut digits, mut is_known, mut is_clean, mut is_ascii) = (false, false, true, true, false);
    let mut called: Vec<*const Expr> = Vec::new();
    condition.walk(&mut |inner| match inner {
        Expr::Call(callee, given) => {
            called.push(std::ptr::from_ref(&**callee));
            match callee.last_name() {
                Some("isalnum") if given.is_empty() => (letters, digits) = (true, true),
                Some("isspace") if given.is_empty() => {}
                _ => is_known = false,
            }
        }
        Expr::Text(_) => {
            let text = inner.text().unwrap_or_default();
            is_clean &= !text.contains(['/', '.', '~', '\\']);
            let has_all = |first: u8, last: u8| (first..=last).all(|it| text.contains(char::from(it)));
            letters |= has_all(b'a', b'z') && has_all(b'A', b'Z');
            digits |= has_all(b'0', b'9');
        }
        Expr::Member(_, name) if name == "ascii_letters" => (letters, is_ascii) = (true, true),
        Expr::Member(_, name) if name == "digits" => digits = true,
        Expr::Member(..) if called.contains(&std::ptr::from_ref(inner)) => {}
        Expr::Name(name) if name == "string" || inner == target => {}
        Expr::Name(name) if name == "ascii_letters" => (letters, is_ascii) = (true, true),
        Expr::Name(name) if name == "digits" => digits = true,
        Expr::Name(_) | Expr::Member(..) => is_known = false,
        _ => {}
    });
    if !(letters && digits && is_known) {
        return None;
    }
    let clean = if is_clean { Change::CLEAN } else { Change::NONE };
    Some(if is_ascii && !is_clean { Change::FOREIGN } else { clean })
}
