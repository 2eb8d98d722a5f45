//! The spanned YAML tree: places, the dialect's rules, limits.

use pipehook::diagnostic::{Code, Diagnostics, SourceMap};
use pipehook::yaml::{self, Content, Locator, Node};
use proptest::prelude::*;

struct Parsed {
    text: String,
    root: Option<Node>,
    diagnostics: Diagnostics,
}

fn parse(text: &str) -> Parsed {
    let mut sources = SourceMap::default();
    let id = sources.add("test.yml", text);
    let mut diagnostics = Diagnostics::default();
    let root = yaml::parse(text, id, &mut diagnostics);
    Parsed { text: text.to_owned(), root, diagnostics }
}

impl Parsed {
    fn codes(&self) -> Vec<Code> {
        self.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    }
}

/// Returns the text at the place of the first `${{ … }}` of the only value of a mapping.
fn located(yaml: &str) -> String {
    let parsed = parse(yaml);
    let root = parsed.root.expect("the text is YAML");
    let value = &root.entries().expect("a mapping")[0].value;
    let Content::Scalar(scalar) = &value.content else { panic!("the value is a scalar") };
    let start = scalar.text.find("${{").expect("there is an expression");
    let end = scalar.text.find("}}").expect("it is closed") + 2;
    let span = Locator::default().place(scalar, start..end, value.span, &parsed.text);
    parsed.text[span.range()].to_owned()
}

#[test]
fn every_value_has_its_place() {
    let parsed = parse("a: one\nb:\n  - two\n  - 'thr''ee'\nc: {d: [4]}\n");
    assert!(parsed.diagnostics.is_empty());
    let root = parsed.root.expect("a tree");
    let at = |node: &Node| parsed.text[node.span.range()].to_owned();
    assert_eq!(at(root.member("a").expect("a")), "one");
    assert_eq!(at(&root.member("b").expect("b").items().expect("list")[1]), "'thr''ee'");
    assert_eq!(at(root.member("c").expect("c")), "{d: [4]}");
    assert_eq!(at(&root.entry("c").expect("c").key), "c");
}

#[test]
fn an_anchor_is_marked_whatever_stands_behind_it() {
    for (yaml, start) in [
        ("steps: &s # c\n  - script: x\n", 7),
        ("steps: &s # c\n# d\n\n  # e\n  - script: x\n", 7),
        ("steps: !t &s # see &t # c\n  - script: x\n", 10),
        ("a: ' # '\nsteps: &s\n  - script: x\n", 16),
        ("a: {b: &s x} # c\n", 7),
    ] {
        let parsed = parse(yaml);
        let anchor = parsed.diagnostics.iter().find(|it| it.code == Code::YamlAnchor).expect("an anchor");
        let span = anchor.primary.as_ref().expect("a place").span;
        assert_eq!((span.range().start, &yaml[span.range()]), (start, "&s"), "{yaml}");
    }
}

#[test]
fn a_part_of_a_scalar_is_found_in_the_file() {
    for yaml in [
        "a: ${{ x }}\n",
        "a: echo ${{ x }} and more\n",
        "a: 'it''s ${{ x }}'\n",
        "a: \"tab\\t\\u00e9 ${{ x }}\"\n",
        "a: |\n  first\n\n    second ${{ x }}\n  third\n",
        "a: >-\n  folded\n  line ${{ x }}\n",
        "a: plain\n  over lines ${{ x }}\n",
        "a: \"é ${{ x }} é\"\n",
    ] {
        assert_eq!(located(yaml), "${{ x }}", "{yaml}");
    }
}

#[test]
fn what_the_dialect_has_not_is_reported() {
    let cases: &[(&str, &[Code])] = &[
        ("a: &x 1\nb: *x\n", &[Code::YamlAnchor, Code::YamlAnchor]),
        ("<<: {a: 1}\n", &[Code::YamlAnchor]),
        ("a: !include x\n", &[Code::YamlTag]),
        ("a: 1\nA: 2\n", &[Code::DuplicateKey]),
        ("[a]: 1\n", &[Code::WrongType]),
        ("a: 1\n---\nb: 2\n", &[Code::YamlSyntax]),
        ("a: [1\n", &[Code::YamlSyntax]),
        ("a:\n\t- b\n", &[Code::YamlSyntax]),
        ("${{ if a }}: 1\n${{ if a }}: 2\n", &[]),
        ("\u{FEFF}a: 1\r\nb: 2\r\n", &[]),
        ("", &[]),
    ];
    for (yaml, codes) in cases {
        assert_eq!(parse(yaml).codes(), *codes, "{yaml}");
    }
}

#[test]
fn scalars_keep_the_text_that_was_written() {
    let root = parse("a: 1.10\nb: 007\nc: yes\nd: ~\ne:\n").root.expect("a tree");
    let texts: Vec<&str> =
        root.entries().expect("a mapping").iter().map(|it| &**it.value.text().expect("text")).collect();
    assert_eq!(texts, ["1.10", "007", "yes", "~", ""]);
    assert!(root.member("e").expect("e").is_empty_plain());
}

#[test]
fn limits_are_told() {
    let deep = "[".repeat(10_000);
    assert_eq!(parse(&deep).codes(), [Code::YamlLimit]);
    let deep_block = "- ".repeat(10_000);
    assert_eq!(parse(&deep_block).codes(), [Code::YamlLimit]);
    let wide = "- a\n".repeat(yaml::NODES_MAX + 1);
    assert_eq!(parse(&wide).codes(), [Code::YamlLimit]);
    let large = "a".repeat(yaml::FILE_MAX + 1);
    assert_eq!(parse(&large).codes(), [Code::YamlLimit]);
}

fn check_spans(node: &Node, text: &str) {
    assert!(text.get(node.span.range()).is_some(), "{:?} of {text:?}", node.span);
    match &node.content {
        Content::Scalar(scalar) => {
            let locator = Locator::default();
            for (offset, _) in scalar.text.char_indices() {
                let span = Locator::default().place(scalar, 0..offset, node.span, text);
                assert!(text.get(span.range()).is_some(), "{span:?} of {text:?}");
                let part = offset / 2..offset;
                let span = Locator::default().place(scalar, part.clone(), node.span, text);
                assert_eq!(locator.place(scalar, part, node.span, text), span, "whoever asked before, of {text:?}");
            }
        }
        Content::Sequence(items) => items.iter().for_each(|item| check_spans(item, text)),
        Content::Mapping(entries) => entries.iter().for_each(|entry| {
            check_spans(&entry.key, text);
            check_spans(&entry.value, text);
        }),
    }
}

proptest! {
    #[test]
    fn any_text_gives_places_in_bounds(text in "([ \n:#&*!|>'\"%@`{}\\[\\],a-cé-]|- |: |\\PC){0,60}") {
        let parsed = parse(&text);
        if let Some(root) = &parsed.root {
            check_spans(root, &text);
        }
        for diagnostic in parsed.diagnostics.iter() {
            let place = diagnostic.primary.as_ref().expect("a place").span;
            prop_assert!(place.range().end <= text.len() + 1);
        }
    }
}
