//! Scripts at random, with values at random.

use super::running::{Workspace, assert_syntax, placed, stdout};
use proptest::prelude::*;

/// Random cases: each starts a shell twice.
const CASES: u32 = 300;

/// Returns a value made of what breaks out of places.
fn value() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        " ",
        "'",
        "\"",
        "`",
        "$(touch CANARY)",
        "`touch CANARY`",
        ";touch CANARY;",
        "\n",
        "\\",
        "$",
        "{",
        "}",
        ")",
        "(",
        "EOF",
        "\nEOF\n",
        "#",
        "|",
        "&",
        ">CANARY",
        "*",
        "${SECRET}",
        "]]",
        ";;",
        "é",
        "\t",
        "!",
        "a[$(touch CANARY)]",
        "$'",
        "\\'",
    ]);
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

/// Returns an expression that prints `<`, the value and `>`, in quotes inside of quotes.
fn word() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "\"<${{ x }}>\"",
        "'<${{ x }}>'",
        "$'<${{ x }}>'",
        "\"<\"${{ x }}\">\"",
        "'<'${{ x }}\\>",
        "\"${U:-<${{ x }}>}\"",
        "${U:-\"<\"${{ x }}\">\"}",
        "\"<\"'${{ x }}'\">\"",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 12, 1, |inner| {
        prop_oneof![
            inner.clone().prop_map(|word| format!("\"$(echo {word})\"")),
            inner.clone().prop_map(|word| format!("\"$(printf %s {word} # ${{{{ x }}}}\n)\"")),
            inner.clone().prop_map(|word| format!("\"$(cat <<E{0}\n$(echo {word})\nE{0}\n)\"", word.len())),
            inner.clone().prop_map(|word| format!("\"${{U:-$(echo {word})}}\"")),
            inner.clone().prop_map(|word| format!("\"$(if true; then echo {word}; fi)\"")),
            inner.clone().prop_map(|word| format!("\"$(case a in (a) echo {word} ;; esac)\"")),
            inner.clone().prop_map(|word| format!("\"$(x={word}; echo \"$x\")\"")),
            inner.clone().prop_map(|word| format!("\"$(f() {{ echo \"$1\"; }}; f {word})\"")),
            inner.clone().prop_map(|word| format!("\"$(for i in {word}; do echo \"$i\"; done)\"")),
            inner.prop_map(|word| format!("\"$(cat < <(echo {word}))\"")),
        ]
    })
}

/// Returns a script of several lines, some with here-documents.
fn script() -> impl Strategy<Value = (String, usize)> {
    let line = (word(), 0_usize..4).prop_map(|(word, kind)| match kind {
        0 => format!("echo {word}\n"),
        1 => "cat <<'E O F'\n<${{ x }}> \nE O F\n".replace("> ", ">"),
        2 => "cat <<-END\n\t<${{ x }}>\n\tEND\n".to_owned(),
        _ => format!("cat <<< {word} # ${{{{ x }}}} '\n"),
    });
    prop::collection::vec(line, 1..4).prop_map(|lines| (lines.concat(), lines.len()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_changes_a_script_and_every_value_is_printed((script, lines) in script(), value in value()) {
        let workspace = Workspace::new();
        let value = value.replace("CANARY", &workspace.canary().display().to_string());
        let harmless = placed(&script, "v").map_err(|refusals| TestCaseError::fail(format!("{refusals:?}")))?;
        let placed = placed(&script, &value).map_err(|refusals| TestCaseError::fail(format!("{refusals:?}")))?;
        prop_assert_eq!(&placed.script, &harmless.script);
        assert_syntax(&placed.script);
        let output = workspace.run("bash", &placed);
        prop_assert!(!workspace.canary().exists());
        let wanted = format!("<{value}>\n").repeat(lines);
        prop_assert_eq!(stdout(&output), wanted, "{} {:?}", &placed.script, &output.stderr);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_placed_or_refused_without_a_crash(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "${{ x }}", "echo ", "\"", "'", "`", "$(", ")", "((", "))", "{ ", "; }", "<<E\n", "\nE\n", "\n", ";", "case a in a) ", ";;",
                "esac", "if ", "then ", "fi", "[[ ", " ]]", "${a", "}", "[", "]", "=", "\\", "#", " ", "a", "<", ">", "|", "&", "$'", "-eq ",
                "bash -c ", "eval ", "é", "!", "for i in ", "do ", "done",
            ]),
            0..25,
        ),
    ) {
        let script = pieces.concat();
        if let (Ok(one), Ok(other)) = (placed(&script, "1"), placed(&script, "22")) {
            prop_assert_eq!(one.script, other.script);
        }
    }
}
