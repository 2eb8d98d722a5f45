//! Making inputs: bytes of no form, texts that follow a grammar, and changed copies of texts that
//! people wrote.

use crate::alter::{altered, reconfigured};
use crate::random::Random;
use crate::settings;
use crate::subject::{MARK, PAYLOAD, Subject};
use crate::words::{
    CONFIG_KEYS, CONFIG_VALUES, EXPRESSION_TOKENS, FUNCTIONS, JSON_TOKENS, KEYS, LEAVES, VALUES, YAML_TOKENS,
};
use crate::worlds::Worlds;

/// The most bytes of an input without a form.
const BYTES_MAX: usize = 200;
/// The most changes of a copy.
const CHANGES_MAX: usize = 4;
/// The most bytes of a copy: repeating a part of it doubles it at most.
const COPY_MAX: usize = 64 * 1024;

/// Texts that people wrote, by subject.
#[derive(Debug, Default)]
pub struct Seeds {
    pub pipelines: Vec<String>,
    pub configurations: Vec<String>,
    pub payloads: Vec<String>,
    pub worlds: Worlds,
}

/// Returns one input for a subject.
pub fn input(subject: Subject, seeds: &Seeds, random: &mut Random) -> Vec<u8> {
    if random.once_in(8) {
        return bytes(random);
    }
    let text = match subject {
        Subject::Yaml if random.once_in(2) => changed(&seeds.pipelines, random),
        Subject::Yaml => yaml(random),
        Subject::Expression if random.once_in(3) => tokens(EXPRESSION_TOKENS, 40, random),
        Subject::Expression => expression(5, random),
        Subject::Render if !random.once_in(4) => altered(seeds.worlds.any(random), random),
        Subject::Render if random.once_in(2) => {
            format!("{}\n{MARK}{PAYLOAD}\n{}", changed(&seeds.pipelines, random), json(4, random))
        }
        Subject::Render => world(random),
        Subject::Config if random.once_in(2) => {
            reconfigured(&seeds.configurations[random.below(seeds.configurations.len())], CONFIG_VALUES, random)
        }
        Subject::Config if random.once_in(2) => settings::configuration(random),
        Subject::Config if random.once_in(2) => changed(&seeds.configurations, random),
        Subject::Config => configuration(random),
        Subject::Payload if random.once_in(3) => changed(&seeds.payloads, random),
        Subject::Payload if random.once_in(3) => tokens(JSON_TOKENS, 40, random),
        Subject::Payload => json(6, random),
    };
    text.into_bytes()
}

fn bytes(random: &mut Random) -> Vec<u8> {
    let length = random.below(BYTES_MAX);
    // Mostly the bytes that mean something to one of the readers.
    let telling = b" \n\t-:#'\"[]{},.()$|>&*!%@`\\<=/0123abc\xC3\xA9\xFF\0\r";
    let one = |random: &mut Random| match random.once_in(4) {
        true => (random.next() & 0xFF) as u8,
        false => telling[random.below(telling.len())],
    };
    (0..length).map(|_| one(random)).collect()
}

fn tokens(all: &[&str], most: usize, random: &mut Random) -> String {
    (0..random.below(most)).map(|_| random.of(all)).collect()
}

/// Returns an expression that follows the grammar.
pub fn expression(depth: usize, random: &mut Random) -> String {
    if depth == 0 || random.once_in(4) {
        return random.of(LEAVES).to_owned();
    }
    let arguments: Vec<String> = (0..random.below(4)).map(|_| expression(depth - 1, random)).collect();
    let suffix = match random.below(8) {
        0 => ".x".to_owned(),
        1 => "[0]".to_owned(),
        2 => ".*".to_owned(),
        3 => format!("[{}]", expression(depth - 1, random)),
        _ => String::new(),
    };
    format!("{}({}){suffix}", random.of(FUNCTIONS), arguments.join(", "))
}

/// Returns text that is often YAML.
fn yaml(random: &mut Random) -> String {
    if random.once_in(2) { tokens(YAML_TOKENS, 60, random) } else { block(random, 0, 4) }
}

pub fn directive(random: &mut Random) -> String {
    let inner = expression(2, random);
    let text = match random.below(8) {
        0 | 1 => format!("if {inner}"),
        2 => format!("elseif {inner}"),
        3 => "else".to_owned(),
        4 => "insert".to_owned(),
        5 => format!("each x in {inner}"),
        6 => format!(
            "each y in {}",
            random.of(&["parameters.p", "parameters.hook", "x", "x.value", "parameters.hook.b"])
        ),
        _ => inner,
    };
    quoted(&format!("${{{{ {text} }}}}"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

pub fn scalar(random: &mut Random) -> String {
    match random.below(6) {
        0 | 1 => random.of(VALUES).to_owned(),
        2 => quoted(&format!("${{{{ {} }}}}", expression(3, random))),
        3 => quoted(&format!("a ${{{{ {} }}}} b $<< {} >>", expression(2, random), expression(1, random))),
        4 => random
            .of(&["'${{ x }}'", "'${{ x.value }}'", "'${{ parameters.p }}'", "'${{ y }}'", "'${{ parameters.hook }}'"])
            .to_owned(),
        _ => tokens(&["a", " ", "$(", ")", "`", "\\\\", "b", "'", ";", "|", "<<E "], 12, random).replace('\'', ""),
    }
}

/// Returns a value in block form, indented by `indent`.
fn block(random: &mut Random, indent: usize, depth: usize) -> String {
    let blanks = " ".repeat(indent);
    if depth == 0 || random.once_in(4) {
        return format!(" {}\n", scalar(random));
    }
    let mut text = "\n".to_owned();
    let is_list = random.once_in(2);
    for _ in 0..=random.below(4) {
        let key = if random.once_in(4) { directive(random) } else { random.of(KEYS).to_owned() };
        let dash = if is_list { "- " } else { "" };
        if is_list && random.once_in(4) {
            text.push_str(&format!("{blanks}- {}\n", scalar(random)));
        } else {
            let inner = block(random, indent + 2 + dash.len(), depth - 1);
            text.push_str(&format!("{blanks}{dash}{key}:{inner}"));
        }
    }
    text
}

/// Returns a pipeline with templates and a payload.
fn world(random: &mut Random) -> String {
    let webhooks = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\n";
    let repositories = "  repositories:\n  - repository: other\n    name: o\n";
    let body = random.of(&["steps", "jobs", "stages", "extends", "steps"]);
    let declared = "parameters:\n- name: p\n  type: ";
    let kind = random.of(&[
        "object",
        "stepList",
        "jobList",
        "string",
        "number",
        "stageList",
        "step",
        "job",
        "deployment",
        "boolean",
    ]);
    let default =
        random.of(&["[]", "{a: [1, 2], b: {script: x}}", "[{script: a}, {template: t.yml}]", "1", "a", "[{job: a}]"]);
    let value = block(random, 2, 4);
    let variables = if random.once_in(2) { format!("variables:{}", block(random, 2, 2)) } else { String::new() };
    let other = random.of(&["steps", "jobs", "stages", "variables", "steps"]);
    format!(
        "{webhooks}{}{declared}{kind}\n  default: {default}\n{variables}{body}:{value}\
         {MARK}ci/t.yml\n{declared}object\n  default: {default}\n{other}:{}\
         {MARK}u.yml\n{other}:{}\
         {MARK}u.yml@other\nparameters:{}{other}:{}\
         {MARK}{PAYLOAD}\n{}",
        if random.once_in(2) { repositories } else { "" },
        block(random, 2, 4),
        block(random, 2, 3),
        block(random, 2, 2),
        block(random, 2, 2),
        json(4, random),
    )
}

pub fn json(depth: usize, random: &mut Random) -> String {
    let name = |random: &mut Random| {
        random.of(&["a", "b", "l", "key", "value", "script", "template", "steps", "é", "x y", "${{ x }}"])
    };
    match random.below(if depth == 0 { 7 } else { 12 }) {
        0 => "null".to_owned(),
        1 => random.of(&["true", "false"]).to_owned(),
        2 => random.of(&["0", "-1", "1.50", "1e3", "12345678901234567890123", "-0", "1E+2", "0.1e-7"]).to_owned(),
        3 => "\"${{ parameters.hook.a }} $(x) $[y] ##vso[task.setvariable variable=x]y\"".to_owned(),
        4 => "\"'; rm -rf / #\\n\\u0000\\ud83d\\ude00`\"".to_owned(),
        5 => "\"a\"".to_owned(),
        6 => "\"\"".to_owned(),
        7..=9 => {
            // Two equal keys are refused, which would be most objects otherwise.
            let mut members: Vec<(&str, String)> = Vec::new();
            for _ in 0..random.below(4) {
                let name = name(random);
                if random.once_in(20) || members.iter().all(|(known, _)| *known != name) {
                    members.push((name, json(depth - 1, random)));
                }
            }
            let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
            format!("{{{}}}", members.join(", "))
        }
        _ => {
            let items: Vec<String> = (0..random.below(4)).map(|_| json(depth - 1, random)).collect();
            format!("[{}]", items.join(","))
        }
    }
}

fn configuration(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(5) {
        text.push_str(&format!("{}:{}", random.of(CONFIG_KEYS), configured(random, 2, 3)));
    }
    text
}

fn configured(random: &mut Random, indent: usize, depth: usize) -> String {
    if depth == 0 || random.once_in(2) {
        return format!(" {}\n", random.of(CONFIG_VALUES));
    }
    let blanks = " ".repeat(indent);
    let lines = (0..=random.below(4)).map(|_| {
        let key = random.of(CONFIG_KEYS);
        format!("{blanks}{key}:{}", configured(random, indent + 2, depth - 1))
    });
    let lines: String = lines.collect();
    format!("\n{lines}")
}

/// Returns a changed copy of one of some texts.
fn changed(all: &[String], random: &mut Random) -> String {
    let Some(text) = (!all.is_empty()).then(|| &all[random.below(all.len())]) else { return String::new() };
    let mut text = text.clone();
    for _ in 0..=random.below(CHANGES_MAX) {
        let (from, to) = part(&text, random);
        match random.below(6) {
            0 => text.replace_range(from..to, ""),
            1 if text.len() < COPY_MAX => {
                let copy = text[from..to].to_owned();
                text.insert_str(from, &copy);
            }
            2 => text.insert_str(from, random.of(YAML_TOKENS)),
            3 => text.insert_str(from, &format!("${{{{ {} }}}}", expression(2, random))),
            4 => {
                let other = &all[random.below(all.len())];
                let (start, end) = part(other, random);
                text.replace_range(from..to, &other[start..end]);
            }
            _ => {
                let line = text[..from].rfind('\n').map_or(0, |at| at + 1);
                text.insert_str(line, random.of(&[" ", "  ", "- ", "#"]));
            }
        }
    }
    text
}

/// Returns a range of some characters, or of some lines.
fn part(text: &str, random: &mut Random) -> (usize, usize) {
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let from = boundary(random.below(text.len() + 1));
    let length = if random.once_in(2) { random.below(8) } else { random.below(200) };
    (from, boundary((from + length).min(text.len())))
}
