//! The words of which inputs are made.

/// Tokens of expressions, and what stands near to them.
#[rustfmt::skip]
pub const EXPRESSION_TOKENS: &[&str] = &[
    "eq", "and", "format", "split", "a", "parameters", "hook", "(", ")", "[", "]", ",", ".", "*", "'x'", "'",
    "''", "\"", "1", "-", "+", ".5", "1.2.3", "==", "&&", "é", "€", " ", "\n", "true", "$", "{0}", "a-b",
    "\u{2028}", "\u{202E}", "99999999999999999999999999999", "0x1", "1e5", "null", "variables['", "']", "not(",
    "[*]", ".*.", "\0", "😀",
];

/// Letters and signs of several bytes: what cuts text at a byte breaks on them, wherever it cuts.
pub const LETTERS: &[&str] = &["é", "ñ", "–", "\u{a0}", "\u{3000}", "日", "😀", "ſ", "\u{85}", "e\u{301}"];

/// Values of expressions, among them the largest and the smallest.
#[rustfmt::skip]
pub const LEAVES: &[&str] = &[
    "true", "FALSE", "0", "-1.5", "79228162514264337593543950335", "-79228162514264337593543950335",
    "0.0000000000000000000000000001", "1.2.3", "2147483647.0.0.2147483647", "''", "'abc'", "'{0}'", "'}'",
    "'{0:yyyy}'", "'é€😀'", "','", "'1,000'", "' 2 '", "'-1'", "'ſ'", "'İ'", "'2026-01-01T00:00:00Z'",
    "parameters", "parameters.p", "parameters.hook", "parameters.hook.a", "parameters.hook.b",
    "parameters.hook.b[1].c", "parameters.hook.*", "parameters.hook.n", "parameters.hook.z",
    "parameters.hook.l", "variables", "variables.v", "variables['no']", "unknown", "parameters.hook.b[1].e.*.*",
    "parameters.hook.t",
];

/// The functions, and one that is none.
#[rustfmt::skip]
pub const FUNCTIONS: &[&str] = &[
    "always", "and", "canceled", "coalesce", "contains", "containsValue", "convertToJson", "counter",
    "endsWith", "eq", "failed", "format", "ge", "gt", "iif", "in", "join", "le", "length", "lower", "lt", "ne",
    "not", "notIn", "oneOf", "or", "replace", "split", "startsWith", "substring", "succeeded",
    "succeededOrFailed", "trim", "upper", "xor", "eqq",
];

/// Marks of YAML.
#[rustfmt::skip]
pub const YAML_TOKENS: &[&str] = &[
    " ", "  ", "\n", "\n  ", "\n- ", "- ", ": ", ":", "#", "# c\n", "'", "\"", "[", "]", "{", "}", ",", "|\n",
    ">-\n", "|2\n", "&a ", "*a", "!!str ", "!x ", "%YAML 1.2\n", "---\n", "...\n", "? ", "a", "b: c", "key",
    "é", "\u{FEFF}", "\t", "\r\n", "\\n", "\\x41", "\\u12", "''", "<<: ", "~", "${{ x }}", "${{", "}}",
    "steps:\n", "\u{85}", "\0",
];

/// Keys of pipelines.
#[rustfmt::skip]
pub const KEYS: &[&str] = &[
    "a", "b", "steps", "jobs", "job", "stages", "stage", "script", "bash", "pwsh", "template", "parameters",
    "variables", "name", "value", "group", "extends", "task", "inputs", "env", "condition", "dependsOn",
    "strategy", "matrix", "pool", "displayName", "deployment", "environment", "runOnce", "deploy", "on",
    "failure", "timeoutInMinutes", "checkout", "resources", "webhooks", "webhook", "connection", "filters",
    "path", "repositories", "repository", "trigger", "type", "default", "values", "continueOnError", "enabled",
    "target", "container", "services", "workspace", "clean", "A", "Steps",
];

/// Values of pipelines.
#[rustfmt::skip]
pub const VALUES: &[&str] = &[
    "x", "1", "true", "''", "t.yml", "main.yml", "/ci/t.yml", "u.yml@self", "u.yml@other", "t.yml@@",
    "../../x.yml", "a-b", "Bash@3", "CmdLine@2", "Nope@1", "succeeded()", "eq(variables.a, 'b')", "$(a)",
    "$[ variables.a ]", "$[x]", "echo $(a) \"$B\"", "self", "'echo \"${{ parameters.hook.a }}\" | sh'",
    "\"cat <<E\\n${{ parameters.hook.a }}\\nE\\n\"", "~", "stepList", "object", "number",
    "echo '${{ parameters.hook.a }}", "- x", "@", "$(Date:yyyyMMdd)$(Rev:.r)", "eval ${{ parameters.hook.a }}",
    "[a, b]", "{a: b}",
];

/// Marks and values of JSON, and what is near to it.
#[rustfmt::skip]
pub const JSON_TOKENS: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\u00e9", "\\ud800", "1", "-", "0", "01", ".5", "1e999",
    "1e-999", "true", "nul", "null", " ", "\n", "\u{0}", "é", "\u{FEFF}", "NaN", "//",
    "123456789012345678901234567890123456789",
];

/// Keys of configurations.
#[rustfmt::skip]
pub const CONFIG_KEYS: &[&str] = &[
    "listen", "admin", "pipelines", "repositories", "variable-groups", "data", "database", "files", "workers",
    "limits", "connections", "environment", "secret", "auth", "scheme", "header", "webhook", "enabled",
    "repeat", "rejected", "substitution", "challenge", "url", "topics", "env", "file", "value", "name", "until",
    "kind", "algorithm", "key", "signature", "signed", "timestamp", "id", "event", "ping", "content", "window",
    "body", "queue", "requests_per_second", "jobs", "pools", "prefix", "encoding", "in", "unit", "tolerance",
    "origins", "verify_token", "x", "a b",
];

/// Values of configurations.
#[rustfmt::skip]
pub const CONFIG_VALUES: &[&str] = &[
    "1", "0", "-1", "1MiB", "99999999999999999999GiB", "24h", "5m", "none", "x", "127.0.0.1:0", "[a, b]",
    "{env: A}", "{value: secret}", "true", "~", "''", "hmac", "sha256", "'{ts}.{body}'", "'{'", "header:X-A",
    "json:/a/~1b", "azure", "github", "stripe", "icescrum", "2026-01-01", "1e400", "0x10", ".inf",
    "[[[[[[]]]]]]", "id", "body", "raw", "422", "ed25519", "rsa-sns",
    "{header: X, encoding: hex, prefix: 'v1='}",
];

/// Marks of scripts.
#[rustfmt::skip]
pub const SHELL_TOKENS: &[&str] = &[
    " ", "$(", ")", "`", "'", "\"", "\\", ";", " | sh", " && ", "$(count)", "$(plain)", "${", "}", "$((", "))", "<<E", ">", "2>&1", "[[ ",
    " ]]", "eval ", "case x in", "# ", "$", "*", "for i in ", "; do ", "; done", "=", "##vso[task.setvariable variable=a]b", "$[ ", " ]",
];
