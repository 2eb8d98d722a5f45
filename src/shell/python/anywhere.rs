//! What may hold any text of a Python script, wherever that stands: an exception that it catches, its variables as a
//! dictionary, what a generator is sent, its own standard input.
//!
//! Nobody writes down which text that is, so it is each that a statement of the script holds.

use super::lexer::Token;
use super::line::{arguments, names, split};
use super::sink::Judge;

/// Functions and members that give the exception which is handled, or its text.
const EXCEPTIONS: &[&str] = &[
    "exc_info",
    "exc_text",
    "last_exc",
    "last_value",
    "format_exc",
    "format_exception",
    "format_exception_only",
    "print_exc",
    "print_exception",
    "print_last",
    "TracebackException",
];

/// Members and functions that give what a function was written with, or the thread that runs, with its name.
const DEFINITIONS: &[&str] = &[
    "__defaults__",
    "__kwdefaults__",
    "__annotations__",
    "co_consts",
    "signature",
    "getfullargspec",
    "get_annotations",
    "get_type_hints",
    "current_thread",
    "currentThread",
    "current_process",
    "current_task",
];

/// What hands on the lines of a log other than to a file or the script's own output.
const HANDLERS: &[&str] = &[
    "StreamHandler",
    "QueueHandler",
    "QueueListener",
    "MemoryHandler",
    "BufferingHandler",
    "basicConfig",
    "LoggerAdapter",
];

/// Functions and members that give the variables of the script, or the frames that have them.
const VARIABLES: &[&str] = &[
    "locals",
    "globals",
    "f_locals",
    "f_globals",
    "__globals__",
    "__main__",
    "currentframe",
    "_getframe",
    "_current_frames",
    "getinnerframes",
    "getouterframes",
    "getargvalues",
    "getclosurevars",
    "tb_frame",
    "gi_frame",
];

/// Functions whose `with … as` binds what happens inside.
const RECORDING: &[&str] =
    &["catch_warnings", "raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns", "assertLogs"];

/// Methods that put something into a generator.
const SENDING: &[&str] = &["send", "asend", "throw", "athrow"];

/// What reads the standard input of the script.
const INPUT: &[&str] = &["input", "stdin", "fileinput"];

/// What Python and its libraries are given a function by, to call it with what happens in the script.
const HOOKS: &[&str] = &[
    "excepthook",
    "unraisablehook",
    "displayhook",
    "settrace",
    "setprofile",
    "addaudithook",
    "addFilter",
    "setLogRecordFactory",
    "showwarning",
    "formatwarning",
    "register_error",
];

/// Names by which a script makes classes whose objects have what they are made of, without saying so.
const MAKING_FIELDS: &[&str] =
    &["dataclass", "dataclasses", "attr", "attrs", "NamedTuple", "namedtuple", "BaseModel", "Struct", "__post_init__"];

impl Judge<'_> {
    /// Notes the names of what may hold any text of the script.
    pub(super) fn learn_anywhere(&mut self, statements: &[&[Token]]) {
        let is_named = |name: &&&str| self.named.contains(**name);
        self.anywhere
            .extend(EXCEPTIONS.iter().chain(VARIABLES).chain(DEFINITIONS).filter(is_named).map(|it| (*it).to_owned()));
        if SENDING.iter().any(|name| self.named.contains(*name)) {
            self.anywhere.insert("yield".to_owned());
        }
        for statement in statements {
            let is_first = |word: &str| matches!(statement.first(), Some(Token::Name(first)) if first == word);
            let binds = is_first("except") || names(statement).any(|name| RECORDING.contains(&name));
            for at in 0..statement.len() {
                match &statement[at..] {
                    [Token::Name(keyword), Token::Name(name), ..] if keyword == "as" && binds => {
                        self.anywhere.insert(name.clone());
                    }
                    // Of an object only that object's name tells.
                    [Token::Name(name), Token::Other('('), Token::Other(')'), ..] if name == "vars" => {
                        self.anywhere.insert(name.clone());
                    }
                    // These are names of much else.
                    [Token::Name(owner), Token::Other('.'), Token::Name(name), ..]
                        if owner == "sys" && (name == "modules" || name == "exception") =>
                    {
                        self.anywhere.insert(name.clone());
                    }
                    [Token::Name(owner), Token::Other('.'), Token::Name(name), Token::Other('='), ..]
                        if owner == "sys" && name == "stdin" =>
                    {
                        self.anywhere.extend(INPUT.iter().map(|name| (*name).to_owned()));
                    }
                    _ => {}
                }
            }
            if keeps_log(statement) {
                let is_variable =
                    |name: &&str| !self.modules.contains(*name) && name.chars().all(|it| !it.is_uppercase());
                self.anywhere.extend(names(statement).filter(is_variable).map(str::to_owned));
            }
            if names(statement).any(|name| HOOKS.contains(&name)) {
                let given = names(statement).filter_map(|name| self.functions.get(name)).flatten();
                self.called.extend(given.filter(|it| *it != "self" && *it != "cls").cloned());
            }
        }
    }

    /// Notes that the objects of the script's classes hold what they are made of, where a library makes them so.
    pub(super) fn learn_fields(&mut self, statements: &[&[Token]]) {
        if !MAKING_FIELDS.iter().any(|name| self.named.contains(*name)) {
            return;
        }
        for statement in statements {
            if let [Token::Name(keyword), Token::Name(class), ..] = statement
                && keyword == "class"
            {
                self.add_parameters(class, ["self".to_owned()]);
            }
        }
    }
}

/// Says whether a statement gives the lines of a log to something that the script can read again.
fn keeps_log(statement: &[Token]) -> bool {
    let is_standard =
        |argument: &[Token]| argument.is_empty() || names(argument).any(|name| name == "stdout" || name == "stderr");
    statement.iter().enumerate().any(|(at, token)| {
        let (Token::Name(name), Some(given)) = (token, arguments(statement, at + 1)) else { return false };
        match name.as_str() {
            "basicConfig" => split(given).into_iter().any(|argument| {
                matches!(argument, [Token::Name(key), Token::Other('='), stream @ ..] if key == "stream" && !is_standard(stream))
                    || names(argument).any(|key| key == "handlers") && names(argument).any(|name| name != "StreamHandler" && HANDLERS.contains(&name))
            }),
            "StreamHandler" => !is_standard(split(given)[0]),
            name => HANDLERS.contains(&name),
        }
    })
}
