//! Names of files that a script makes of a title: people write blanks and letters of all languages.

use super::running::{placed, refused_of};

/// Titles as they are written.
const TITLES: &[&str] =
    &["Add login page", "Größe ändern — ü", "日本語", "Fix (#12): 50% off, v1.2+3 @home", "login-page"];

/// Scripts that name a file by a title, in all places of the same kind.
const NAMING: &[&str] = &[
    "echo x > \"${{ x }}\"",
    "echo x > \"r-${{ x }}.txt\"",
    "echo x >> \"notes/${{ x }}.md\"",
    "echo x | tee \"r-${{ x }}.txt\"",
    "echo x | tee -a \"${{ x }}.txt\"",
    "T=\"${{ x }}\"; echo x > \"notes/$T.md\"",
    "T=\"${{ x }}\"; echo x > \"notes/${T// /_}.md\"",
    "cat < \"notes/${{ x }}.md\"",
    "touch \"${{ x }}.txt\"",
    "touch \"${{ x }}\"",
    "mkdir \"${{ x }}.d\"",
    "cp a \"reports/${{ x }}.md\"",
    "mv a \"${{ x }}.md\"",
];

/// The same, given to a program that takes what stands in front of a `:` for something else.
const GIVEN: &[&str] = &[
    "curl -o \"${{ x }}.pdf\" https://example.com",
    "curl --output \"report ${{ x }}.pdf\" https://example.com",
    "wget -O \"${{ x }}.pdf\" https://example.com",
    "sort -o \"${{ x }}\" f",
];

/// What is no name of a file.
const NO_NAMES: &[&str] = &[
    "",
    "..",
    ".env",
    "../x",
    "a/../b",
    "a/b",
    "/etc/passwd",
    "-x",
    "~root",
    "a\\b",
    "a\nb",
    "a\u{1b}[0m",
    "$(x)",
    "`x`",
    "a;b",
    "a|b",
    "a&b",
    "a*",
    "a?",
    "[a]",
    "'a'",
    "a\u{2028}b",
];

#[test]
fn a_title_is_the_name_of_a_file() {
    for title in TITLES {
        let rows: Vec<(&str, &str)> = NAMING.iter().map(|script| (*script, *title)).collect();
        assert_eq!(refused_of(&rows), []);
        let rows: Vec<(&str, &str)> = GIVEN.iter().map(|script| (*script, *title)).collect();
        assert_eq!(refused_of(&rows).is_empty(), !title.contains(':'), "{title}");
    }
    for name in NO_NAMES {
        // Below the folder where it stands any path will do for programs that change files.
        let glued = NAMING.iter().filter(|script| **script != "touch \"${{ x }}\"" && !script.contains("r-"));
        for script in glued.filter(|script| !script.contains("// /_")).chain(GIVEN) {
            let is_part = script.contains("report ");
            let is_named = is_part && ["", "..", ".env", "-x"].contains(name);
            assert_eq!(placed(script, name).is_ok(), is_named, "{script}: {name}");
        }
    }
    let refusals = placed("echo x > \"r-${{ x }}.txt\"", "a/b").expect_err("a folder");
    assert!(refusals[0].help.clone().unwrap_or_default().contains("//[^A-Za-z0-9]/_"), "{refusals:?}");
}

#[test]
fn behind_a_text_of_the_author_s_a_name_goes_on_with_any_mark() {
    for (script, name) in [
        ("echo x > \"r-${{ x }}.txt\"", "-x"),
        ("echo x > \"r-${{ x }}.txt\"", ""),
        ("echo x > \"r-${{ x }}.txt\"", ".."),
        ("echo x > \"out/r${{ x }}\"", ".env"),
    ] {
        placed(script, name).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
    for (script, name) in [
        ("echo x > \"out/.${{ x }}/f\"", "."),
        ("echo x > \"out/${{ x }}/f\"", ".."),
        ("echo x > \"a/${{ x }}\"", "-x"),
        ("echo x > \"r-${{ x }}.txt\"", "a/b"),
        ("F=\"${{ x }}\"; echo x > $F", "a b"),
        ("F=\"${{ x }}\"; echo x | tee $F", "a b"),
        ("F=\"${{ x }}\"; touch $F.txt", "a b"),
        ("echo x > \"r ${{ x }}.txt\"; rm $(ls)", "a b"),
        ("echo x | tee \"r-${{ x }}.txt\"; rm $(ls)", "a b"),
        ("curl -o \"r-${{ x }}.txt\" https://example.com; rm $(ls)", "a b"),
        ("T=\"${{ x }}\"; echo x > \"${T#* }\"", "a .env"),
        ("T=\"${{ x }}\"; echo x > \"${T// /-}\"", " x"),
        ("T=\"${{ x }}\"; echo x > \"r-${T//_//}.txt\"", "a_.._b c"),
        ("rsync --files-from \"${{ x }}\" a b", "host:list"),
    ] {
        assert!(placed(script, name).is_err(), "{script}: {name}");
    }
}

/// A slug as people make it, with what it is made of.
const SLUGS: &[&str] = &[
    "slug=${T//[^A-Za-z0-9]/-}",
    "slug=${T,,}; slug=${slug//[^a-z0-9]/-}",
    "slug=${T,,}; slug=${slug// /-}; slug=${slug//[^a-z0-9-]/}",
    "lower=${T,,}; slug=${lower//[^a-z0-9]/-}",
    "slug=$(echo \"$T\" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '-')",
    "slug=$(echo \"$T\" | tr \"[:upper:]\" \"[:lower:]\" | tr -cs \"a-z0-9\" \"-\" | sed \"s/^-//;s/-$//\")",
    "slug=$(echo \"$T\" | sed -E 's/[^A-Za-z0-9]+/-/g;s/^-|-$//g')",
    "slug=$(echo \"$T\" | sed -E 's/[^A-Za-z0-9]+/-/g; s/^-+|-+$//g')",
    "slug=$(echo \"$T\" | tr 'A-Z' 'a-z' | sed -e 's/[^a-z0-9]/-/g' -e 's/--*/-/g')",
];

#[test]
fn a_slug_is_a_part_of_a_name() {
    for slug in SLUGS {
        for title in ["Add login page", "- x (y)", "a/b: \"c\" & d?"] {
            let script = format!("T=\"${{{{ x }}}}\"; {slug}; echo x > \"n-$slug.md\"");
            placed(&script, title).unwrap_or_else(|refusals| panic!("{script}: {title}: {refusals:?}"));
        }
    }
    placed("T=\"${{ x }}\"; echo x > \"n-${T//\\//-}.md\"", "feature/x (#1)").expect("no folder is left");
    for slug in ["slug=${T// /-}", "slug=${T//[^a-z.\\/]/-}", "slug=${T//[ ]/\\/}", "slug=${T//[a]/&}"] {
        let script = format!("T=\"${{{{ x }}}}\"; {slug}; echo x > \"n-$slug.md\"");
        assert!(placed(&script, "a/../b c").is_err(), "{script}");
    }
}

#[test]
fn what_a_script_has_checked_may_begin_with_a_dash_behind_its_own_text() {
    for check in [
        "[[ $slug =~ ^[a-z0-9-]+$ ]] || exit 1",
        "case $slug in ''|*[!a-z0-9-]*) exit 1 ;; esac",
        "[[ $T =~ ^[a-z0-9-]+$ ]] || exit 0; slug=$T",
    ] {
        let script = format!("T=\"${{{{ x }}}}\"; slug=\"$T\"; {check}; echo x > \"n-$slug.md\"");
        for value in ["-x", "a/b", "../x", ""] {
            placed(&script, value).unwrap_or_else(|refusals| panic!("{script}: {value}: {refusals:?}"));
        }
        let bare = script.replace("n-$slug.md", "$slug");
        assert!(placed(&bare, "../x").is_err(), "{bare}");
    }
}

#[test]
fn a_payload_names_no_file_that_programs_look_for() {
    for name in ["Makefile", "GNUmakefile", "package.json", "conftest.py", "build.sh", "pom.xml", "compose.yml", "a.tf"]
    {
        for script in ["echo text > \"${{ x }}\"", "echo text | tee \"${{ x }}\"; make", "curl -o \"${{ x }}\" u"] {
            assert!(placed(script, name).is_err(), "{script} takes {name}");
        }
        placed("echo text > \"notes-${{ x }}.md\"", name).unwrap_or_else(|refusals| panic!("{name}: {refusals:?}"));
    }
    for name in ["micron", "an arc", "profiles", "a.txt", "Makefiles"] {
        placed("echo text > \"${{ x }}\"", name).unwrap_or_else(|refusals| panic!("{name}: {refusals:?}"));
    }
}
