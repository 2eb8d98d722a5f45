//! What is foreseen of a task's calls before a run, against the calls that a worker makes.

use super::fake::Machine;
use pipehook::pipeline::task::call::{Call, Each, Foreseen, Part, Program, TOOLS, Tool};
use pipehook::pipeline::task::{Definition, Input, Required, find};
use pipehook::taint::Text;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use std::path::Path;

/// Prints how it was called, on one line.
const CALL: &str = "printf 'CALL %s' \"${0##*/}\"; for word do printf ' [%s]' \"${word//$'\\n'/|}\"; done; echo\n";
/// A folder that is there, and in it a project for the web, a package's description and a program.
const FOLDER: &str = "folder";
const PROJECT: &str = "folder/app.csproj";
const PACKAGE: &str = "folder/app.nuspec";
const WRAPPER: &str = "folder/gradlew";
/// What stands for the sources.
const SOURCES: &str = "/sources";
/// The version that packages get which are named by the run.
const NAME: &str = "1.0.0";

/// The macros in the table and in what inputs are where nothing is written.
const MACROS: [&str; 8] = [
    "Agent.TempDirectory",
    "Build.ArtifactStagingDirectory",
    "Build.BuildId",
    "Build.BuildNumber",
    "Build.BuildUri",
    "Build.DefinitionName",
    "BuildConfiguration",
    "System.TeamProject",
];

/// One task and what is written in it.
#[derive(Clone)]
struct Case {
    tool: &'static Tool,
    inputs: BTreeMap<&'static str, String>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} {:?}", self.tool.task, self.inputs)
    }
}

fn texts() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "", " ", "\n", ",", ";", "a", "-b", "--output", "-o", "out", "\"c d\"", "\"", "\\\"", "'", "$HOME", "*", "-",
        "é", "x=y", "&&", "  ",
    ]);
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

/// Returns all parts of a call, those of switches among them.
fn parts(parts: &'static [Part]) -> Vec<&'static Part> {
    let below =
        |part: &'static Part| if let Part::Switch(_, _, inner) = part { self::parts(inner) } else { Vec::new() };
    parts.iter().flat_map(|part| std::iter::once(part).chain(below(part))).collect()
}

fn patterns(call: &Call) -> Option<&'static str> {
    match call.each {
        Each::File(input) | Each::Beside(input) | Each::Project(input, _) | Each::First(input) => Some(input),
        Each::Once | Each::WebProject | Each::Line(_) => None,
    }
}

/// Returns what may be written in an input, so that nothing but its words depends on it.
fn written(tool: &'static Tool, definition: &'static Definition, input: &'static str) -> BoxedStrategy<Option<String>> {
    let one_of = |words: Vec<&'static str>| select(words).prop_map(|word| Some(word.to_owned())).boxed();
    let calls = || tool.calls.iter();
    let all = || calls().flat_map(|call| parts(call.parts));
    let asked: Vec<&str> =
        calls().flat_map(|call| call.when).filter(|it| it.0 == input).flat_map(|it| it.1).copied().collect();
    if input == "versioningScheme" {
        return one_of(vec!["off", "byBuildNumber"]);
    }
    if !asked.is_empty() {
        let is_open = calls().flat_map(|call| call.when).any(|it| it.0 == input && it.1.is_empty());
        return one_of(asked.into_iter().chain(is_open.then_some("run")).collect());
    }
    if tool.absent().any(|it| it.0 == input) {
        return Just(None).boxed();
    }
    if input == tool.folder {
        return one_of(vec!["", FOLDER]);
    }
    if calls().any(|call| matches!(call.program, Program::File(name) if name == input)) {
        return one_of(vec![WRAPPER]);
    }
    if let Some(call) = calls().find(|call| patterns(call) == Some(input)) {
        return match call.each {
            Each::First(_) => one_of(vec![PROJECT]),
            _ if parts(call.parts).iter().any(|part| matches!(part, Part::Package)) => one_of(vec![PROJECT, PACKAGE]),
            _ if definition.input(input).is_some_and(|it| it.default.is_empty()) => one_of(vec!["", PROJECT]),
            _ => one_of(vec![PROJECT]),
        };
    }
    if let Some(Part::Around(_, value)) = all().find(|part| matches!(part, Part::Around(name, _) if *name == input)) {
        return one_of(vec![value, FOLDER]);
    }
    if definition.is_flag(input) {
        return one_of(vec!["true", "false", "True"]);
    }
    if let Some(Part::Switch(_, value, _)) = all().find(|part| matches!(part, Part::Switch(name, ..) if *name == input))
    {
        return one_of(vec![value, ""]);
    }
    let is_used = all().any(|part| match part {
        Part::Value(name)
        | Part::Words(name)
        | Part::Option(_, name)
        | Part::Path(_, name)
        | Part::Joined(_, name)
        | Part::Published(name, _)
        | Part::Tagged(name) => *name == input,
        Part::Properties(one, other) | Part::Tags(_, one, other) => [*one, *other].contains(&input),
        _ => false,
    }) || calls().any(|call| matches!(call.each, Each::Line(name) if name == input));
    match is_used {
        true if definition.input(input).is_some_and(|it| it.required != Required::No) => {
            texts().prop_map(|text| Some(format!("must {text}"))).boxed()
        }
        true => prop_oneof![1 => Just(None), 4 => texts().prop_map(Some)].boxed(),
        false => Just(None).boxed(),
    }
}

fn case(tool: &'static Tool) -> impl Strategy<Value = Case> {
    let definition = find(tool.task).expect("a task");
    let inputs: Vec<_> = definition.inputs.iter().map(|input| written(tool, definition, input.name)).collect();
    inputs.prop_map(move |values| {
        let named = definition.inputs.iter().map(|input| input.name).zip(values);
        Case { tool, inputs: named.filter_map(|(name, value)| Some((name, value?))).collect() }
    })
}

/// Returns a step for each case of its own.
fn cases() -> impl Strategy<Value = Vec<Case>> {
    TOOLS.iter().flat_map(|tool| (0..4).map(move |_| case(tool))).collect::<Vec<_>>()
}

/// Returns the lines that the programs print, as they are foreseen where the macros are known.
fn foreseen(case: &Case, known: &dyn Fn(&str) -> String) -> Vec<String> {
    let definition = find(case.tool.task).expect("a task");
    let written =
        |input: &Input| case.inputs.get(input.name).filter(|it| !it.is_empty()).map_or(input.default, |it| it);
    let texts = definition.inputs.iter().map(|input| (input.name, Text::from(known(written(input)))));
    let texts: BTreeMap<&str, Text> = texts.collect();
    let foreseen = Foreseen::new(definition, Path::new(SOURCES), |name| texts.get(name));
    let package = case.inputs.get("searchPatternPack").is_some_and(|it| it == PACKAGE);
    let is_pack = case.inputs.get("command").is_some_and(|it| it == "pack");
    let calls = foreseen.calls(case.tool, if package && is_pack { PACKAGE } else { PROJECT });
    let line = |words: Vec<String>| {
        let name = words[0].rsplit('/').next().unwrap_or_default().to_owned();
        let words: String = words[1..].iter().map(|word| format!(" [{}]", known(word).replace('\n', "|"))).collect();
        format!("CALL {name}{words}")
    };
    calls.iter().map(|call| line(call.words.iter().map(|it| it.text().flatten().into_owned()).collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_calls_that_are_foreseen_are_those_that_are_made(cases in cases()) {
        let machine = Machine::new();
        for tool in cases.iter().map(|case| case.tool) {
            for call in tool.calls {
                let Program::Named(names) = call.program else { continue };
                machine.program(names[0], CALL);
            }
        }
        machine.file("gradlew", &format!("#!/bin/bash\n{CALL}"));
        let macros: String = MACROS.iter().map(|name| format!("    echo 'MACRO {name}=$({name})'\n")).collect();
        let mut pipeline = format!(
            "name: {NAME}\nvariables: {{BuildConfiguration: Release}}\nsteps:\n- script: |\n    pwd\n{macros}    mkdir -p {FOLDER}/wwwroot\n    touch {PROJECT} {PACKAGE}\n    \
             cp {} {WRAPPER}\n",
            machine.path().join("gradlew").display()
        );
        for (at, case) in cases.iter().enumerate() {
            let inputs = serde_json::to_string(&case.inputs).expect("JSON");
            let major = find(case.tool.task).expect("a task").majors.last().expect("a version");
            pipeline.push_str(&format!("- script: echo STEP {at}\n  condition: always()\n"));
            let task = case.tool.task;
            pipeline.push_str(&format!("- task: {task}@{major}\n  inputs: {inputs}\n  condition: always()\n  continueOnError: true\n"));
        }
        let output = machine.run(&pipeline);
        let sources = output.stdout.lines().find(|line| line.starts_with('/')).expect("where the sources are");
        let printed = output.stdout.replace(sources, SOURCES);
        let values: Vec<(&str, &str)> =
            printed.lines().filter_map(|line| line.strip_prefix("MACRO ")?.split_once('=')).collect();
        prop_assert_eq!(values.len(), MACROS.len(), "{}\n{}", printed, output.stderr);
        let known = |text: &str| values.iter().fold(text.to_owned(), |it, (name, value)| it.replace(&format!("$({name})"), value));
        let mut steps: Vec<Vec<&str>> = Vec::new();
        for line in printed.lines() {
            match line.strip_prefix("STEP ") {
                Some(_) => steps.push(Vec::new()),
                None if line.starts_with("CALL ") => steps.last_mut().expect("a step has begun").push(line),
                None => {}
            }
        }
        prop_assert_eq!(steps.len(), cases.len(), "{}\n{}", printed, output.stderr);
        for (case, made) in cases.iter().zip(steps) {
            let foreseen = foreseen(case, &known);
            prop_assert!(made == foreseen, "{:?}\nforeseen {:#?}\nmade {:#?}", case, foreseen, made);
        }
    }
}
