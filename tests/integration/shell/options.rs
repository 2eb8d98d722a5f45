//! Options whose value is a text, whatever it begins with, and others whose value may name a file: what is sent in a
//! comment or a message begins as people write it.

use super::running::{placed, placed_in, refused_of, text};
use pipehook::shell::Language;

/// A comment as there are most of: it names somebody.
const MENTION: &str = "@octocat thanks, -x is gone";

/// A title that begins as an option does.
const DASHED: &str = "-x flag is lost";

/// Scripts that send a text which begins with `@`.
const MENTIONING: &[&str] = &[
    "gh pr comment 1 --body \"${{ x }}\"",
    "gh pr comment 1 --body=\"${{ x }}\"",
    "gh pr comment 1 -b \"${{ x }}\"",
    "gh issue create --title \"${{ x }}\" --body \"${{ x }}\"",
    "gh release create v1 --notes \"${{ x }}\"",
    "gh pr edit 1 --add-label \"${{ x }}\"",
    "gh api repos/a/b/issues -f body=\"${{ x }}\"",
    "gh api repos/a/b/issues --raw-field \"body=${{ x }}\"",
    "glab issue note 1 -m \"${{ x }}\"",
    "glab mr note 1 --message \"${{ x }}\"",
    "aws ses send-email --subject \"${{ x }}\" --text hello",
    "aws sns publish --topic-arn t --message \"${{ x }}\"",
    "curl -d \"text=${{ x }}\" https://example.com",
    "curl -sd \"text=${{ x }}\" https://example.com",
    "curl --data \"text=${{ x }}\" https://example.com",
    "curl --data-binary \"channel=a&text=${{ x }}\" https://example.com",
    "curl --json \"{\\\"text\\\":\\\"${{ x }}\\\"}\" https://example.com",
    "T=\"${{ x }}\"; curl -d \"$(printf '{\"t\":\"%s\"}' \"$T\")\" https://example.com",
    "curl -d \"$(echo \"text: ${{ x }}\")\" https://example.com",
    "curl -d \"$(cat <<EOF\n{\"text\": \"${{ x }}\"}\nEOF\n)\" https://example.com",
    "curl --form-string \"text=${{ x }}\" https://example.com",
    "curl --data-raw \"${{ x }}\" https://example.com",
    "gh pr comment 1 --body-file - <<< \"${{ x }}\"",
];

/// Scripts that would send a file which such a text names, or another one.
const NAMING_FILES: &[&str] = &[
    "gh api repos/a/b/issues -F body=\"${{ x }}\"",
    "gh api repos/a/b/issues -Fbody=\"${{ x }}\"",
    "gh api repos/a/b/issues --field body=\"${{ x }}\"",
    "gh api repos/a/b/issues --field=body=\"${{ x }}\"",
    "glab api projects -F body=\"${{ x }}\"",
    "curl -d \"${{ x }}\" https://example.com",
    "curl --json \"${{ x }}\" https://example.com",
    "curl -H \"${{ x }}\" https://example.com",
    "curl -F \"text=${{ x }}\" https://example.com",
    "curl -d \"$(printf '%s' \"${{ x }}\")\" https://example.com",
    "curl -d \"$(echo \"${{ x }}\")\" https://example.com",
    "printf() { echo \"@f\"; }; curl -d \"$(printf '{%s' \"${{ x }}\")\" https://example.com",
    "curl -d \"$(cat <<EOF\n${{ x }}\nEOF\n)\" https://example.com",
    "curl --url-query \"${{ x }}\" https://example.com",
    "az rest --method post --uri https://management.azure.com/ --body \"${{ x }}\"",
    "http POST https://example.com text=\"${{ x }}\"",
];

#[test]
fn a_comment_that_names_somebody_is_sent_where_no_program_reads_a_file() {
    let rows: Vec<(&str, &str)> = MENTIONING.iter().map(|script| (*script, MENTION)).collect();
    assert_eq!(refused_of(&rows), []);
    for script in NAMING_FILES {
        placed(script, "hello").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(script, "@octocat").is_err(), "{script}");
    }
    assert!(placed("curl -d \"@out/${{ x }}\" https://example.com", "../x").is_err());
    assert!(placed("aws ses send-email --subject \"${{ x }}\"", "file:///etc/passwd").is_err());
    assert!(placed("aws ses send-email --subject=\"${{ x }}\"", "fileb://x").is_err());
    let refusals = placed("curl -d \"${{ x }}\" https://example.com", MENTION).expect_err("it names a file");
    let help = refusals[0].help.clone().unwrap_or_default();
    assert!(help.contains("--data-raw") && help.contains("--body-file -"), "{help}");
}

/// Scripts in which an option takes the next word, whatever it is.
const WITH_TEXT: &[&str] = &[
    "curl -d \"${{ x }}\" https://example.com",
    "curl -sSfd \"${{ x }}\" https://example.com",
    "curl --data-raw \"${{ x }}\" https://example.com",
    "curl -A \"${{ x }}\" -e \"${{ x }}\" -u \"${{ x }}\" https://example.com",
    "wget --post-data \"${{ x }}\" https://example.com",
    "helm upgrade a ./chart --description \"${{ x }}\"",
    "gh issue create -t \"${{ x }}\" -b \"${{ x }}\"",
    "gh pr edit 1 --add-label \"${{ x }}\"",
    "gh release create v1 -t \"${{ x }}\" -n \"${{ x }}\"",
    "glab issue note 1 -m \"${{ x }}\"",
    "echo hello | mail -s \"${{ x }}\" ops@example.com",
    "grep -e \"${{ x }}\" f",
    "grep -qFe \"${{ x }}\" f",
    "git log --grep \"${{ x }}\"",
    "git log --author \"${{ x }}\"",
    "git grep -e \"${{ x }}\"",
    "git commit -qm \"${{ x }}\"",
    "git -c user.name=a -c user.email=a@b commit --allow-empty -m \"${{ x }}\"",
    "git -C repo tag -a v1 -m \"${{ x }}\"",
    "git --no-pager commit -m \"${{ x }}\"",
    "docker commit -m \"${{ x }}\" c image",
];

/// Scripts in which no option does, or the shell makes words of the value.
const WITHOUT: &[&str] = &[
    "curl -s \"${{ x }}\"",
    "curl -sS -o \"${{ x }}\" https://example.com",
    "T=\"${{ x }}\"; curl -d $T https://example.com",
    "gh pr merge -m \"${{ x }}\"",
    "gh auth status -t \"${{ x }}\"",
    "git -c user.name=commit push -m \"${{ x }}\"",
    "git log -m \"${{ x }}\"",
    "grep -q \"${{ x }}\" f",
    "grep -me \"${{ x }}\" f",
    "mail -n \"${{ x }}\"",
    "logger -t w \"${{ x }}\"",
];

#[test]
fn an_option_that_takes_the_next_word_takes_one_that_begins_with_a_dash() {
    let rows: Vec<(&str, &str)> = WITH_TEXT.iter().map(|script| (*script, DASHED)).collect();
    assert_eq!(refused_of(&rows), []);
    for script in WITHOUT {
        assert!(placed(script, "-xflag").is_err(), "{script}");
    }
}

#[test]
fn the_same_holds_of_what_python_starts() {
    let place = |script: &str, value: &str| placed_in(Language::Python, &text(script, |_| value.to_owned()));
    for (script, value) in [
        (
            "import subprocess\nt = \"${{ x }}\"\nsubprocess.run([\"curl\", \"-d\", \"text=\" + t, \"https://a.org\"])",
            MENTION,
        ),
        (
            "import subprocess\nt = \"${{ x }}\"\nsubprocess.run([\"gh\", \"pr\", \"comment\", \"1\", \"--body\", t])",
            MENTION,
        ),
        (
            "import subprocess\nt = \"${{ x }}\"\nsubprocess.run([\"git\", \"-c\", \"user.name=a\", \"commit\", \"-m\", t])",
            DASHED,
        ),
    ] {
        place(script, value).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
    let sent = "import subprocess\nt = \"${{ x }}\"\nsubprocess.run([\"curl\", \"-d\", t, \"https://a.org\"])";
    assert!(place(sent, MENTION).is_err());
}

#[test]
fn a_subject_of_one_letter_is_no_command() {
    for script in [
        "echo \"${{ x }}\" | mail -s x ops@example.com",
        "echo \"${{ x }}\" | mail -s run ops@example.com",
        "mail -s exec ops@example.com <<< \"${{ x }}\"",
    ] {
        placed(script, "hello\nworld").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

#[test]
fn the_body_of_a_mail_has_lines_and_its_headers_have_one_each() {
    for (script, bodies) in [
        ("{ echo \"Subject: ${{ a }}\"; echo \"To: team@example.com\"; echo; echo \"${{ b }}\"; } | sendmail -t", true),
        ("{ echo \"Subject: ${{ a }}\"; echo ''; echo \"${{ b }}\"; cat f; } | msmtp -t", true),
        ("{ printf 'Subject: %s\\n\\n' \"${{ a }}\"; echo \"${{ b }}\"; } | sendmail -t", true),
        ("printf 'Subject: %s\\n\\n%s\\n' \"${{ a }}\" \"${{ b }}\" | sendmail a@example.com", true),
        ("echo \"${{ a }}\"; printf \"Subject: x\\n\\n%s\\n\" \"${{ b }}\" | sendmail a@example.com", true),
        // What is no line of its own is none that is empty.
        ("{ printf 'Subject: %s' \"${{ a }}\"; echo; echo \"${{ b }}\"; } | sendmail -t", false),
        ("{ cat f; echo \"${{ a }}\"; echo; echo \"${{ b }}\"; } | sendmail -t", false),
        ("{ echo \"${{ a }}\"; echo -n; echo \"${{ b }}\"; } | sendmail -t", false),
        ("{ echo \"${{ a }}\" && echo; echo \"${{ b }}\"; } | sendmail -t", false),
        ("echo() { printf x; }; { echo \"${{ a }}\"; echo; echo \"${{ b }}\"; } | sendmail -t", false),
        ("printf 'Subject: %s %s\\n\\n' \"${{ a }}\" \"${{ b }}\" | sendmail -t", false),
    ] {
        let place = |a: &str, b: &str| {
            placed_in(Language::Bash, &text(script, |path| if path == "a" { a.to_owned() } else { b.to_owned() }))
        };
        place("one", "one").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert_eq!(place("one", "two\nlines").is_ok(), bodies, "{script}");
        let has_header = !script.starts_with("echo \"${{ a }}\";");
        assert_eq!(place("two\nBcc: x@example.com", "one").is_err(), has_header, "{script}");
    }
}

#[test]
fn a_title_is_put_in_by_sed() {
    for script in [
        "sed -i \"s|TITLE|${{ x }}|\" f",
        "sed \"s~TITLE~${{ x }}~g\" f",
        "sed \"s/TITLE/${{ x }}/\" f",
        "T=\"${{ x }}\"; sed -e \"s|TITLE|$T|\" f",
    ] {
        placed(script, "Größe: fix login (#12)").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        for value in ["a&b", "a\\1", "a\nb", "a|b", "a\"b", "$x", "a~b|e", "a/;w x;s/"] {
            assert!(placed(script, value).is_err(), "{script}: {value}");
        }
    }
    assert!(placed("sed \"s/TITLE/${{ x }}/\" f", "a/b").is_err());
    assert!(placed("sed \"s/TITLE/${{ x }}/\" f", "").is_err());
    assert!(placed("sed \"s#TITLE#${{ x }}#\" f", "a #1").is_err());
    assert!(placed("sed \"s TITLE ${{ x }} \" f", "a b").is_err());
    assert!(placed("perl -pe \"s|TITLE|${{ x }}|\" f", "a b").is_err());
}

/// Scripts with a value that they refuse, and what their help names.
const HELPED: &[(&str, &str, &str)] = &[
    ("logger -t w \"${{ x }}\"", "-x", "logger -- "),
    ("psql -c \"insert into t values ('${{ x }}')\"", "it's", "psql -v t="),
    ("sqlite3 a.db \"insert into t values ('${{ x }}')\"", "it's", "sys.argv[1]"),
    ("sed -i \"1i - ${{ x }}\" f", "a b", "awk -v"),
    ("sed \"s|T|${{ x }}|\" f", "a&b", "$ENV{NAME}"),
];

#[test]
fn the_help_names_a_way_that_works() {
    for (script, value, way) in HELPED {
        let refusals = placed(script, value).expect_err("it is refused");
        let help = refusals[0].help.clone().unwrap_or_default();
        assert!(help.contains(way), "{script}: {help}");
    }
    for script in [
        "logger -t w -- \"${{ x }}\"",
        "psql -v t=\"${{ x }}\" <<'EOF'\ninsert into t values (:'t');\nEOF",
        "python3 - \"${{ x }}\" <<'EOF'\nimport sqlite3, sys\nsqlite3.connect('a').execute('insert into t values (?)', (sys.argv[1],))\nEOF",
    ] {
        let value = if script.contains("python3") { "it's" } else { "-x it's" };
        placed(script, value).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}
