//! Tasks that only call a tool, as one table: which inputs become which arguments.
//!
//! ```text
//! Npm      command: custom     npm <customCommand, split into words>
//! Maven                        mvn -f <mavenPOMFile> <options, split> <goals, split>, then its JUnit files
//! ```
//! The order of arguments is that of the tasks themselves. What needs a service of Azure's (feeds,
//! service connections) is not there: such inputs are refused before the run, by [`Tool::absent`].

/// A task that calls a tool.
#[derive(Debug)]
pub struct Tool {
    /// The task.
    pub task: &'static str,
    /// The input that names the folder to start in; empty where there is none.
    pub folder: &'static str,
    /// Whether that folder is made if it is missing.
    pub makes_folder: bool,
    /// Variables of the environment, and the inputs that give their values.
    pub environment: &'static [(&'static str, &'static str)],
    /// The calls, each made if it is meant, in this order, until one fails.
    pub calls: &'static [Call],
    /// Inputs that must have no value here, and values that one must not have.
    pub absent: &'static [(&'static str, &'static [&'static str], &'static str)],
    /// What a value asks for and nothing does here: the input, the values, and a sentence.
    pub ignored: &'static [(&'static str, &'static str, &'static str)],
    /// Results of tests that the tool leaves behind.
    pub results: Option<Results>,
}

/// One call of a program.
#[derive(Debug)]
pub struct Call {
    /// Inputs and the values of theirs with which the call is made; all must hold. No values stand
    /// for any but the others of the same input in the table.
    pub when: &'static [(&'static str, &'static [&'static str])],
    /// The program.
    pub program: Program,
    /// Once, or once for each of several things.
    pub each: Each,
    /// The arguments.
    pub parts: &'static [Part],
}

/// Which program is called.
#[derive(Debug)]
pub enum Program {
    /// The first of these that is in the path.
    Named(&'static [&'static str]),
    /// The file that an input names, which is the author's own and made executable.
    File(&'static str),
}

/// How often a call is made.
#[derive(Debug)]
pub enum Each {
    /// Once.
    Once,
    /// For each file that the patterns of an input mean; once without a file where it has none.
    File(&'static str),
    /// With the first file that the patterns of an input mean.
    First(&'static str),
    /// For each line of an input.
    Line(&'static str),
}

/// What becomes of an input in the arguments.
#[derive(Debug)]
pub enum Part {
    /// A word.
    Word(&'static str),
    /// A word with macros.
    Macro(&'static str),
    /// The value, one word, if there is one.
    Value(&'static str),
    /// The value split into words.
    Words(&'static str),
    /// A word and behind it the value, if there is one.
    Option(&'static str, &'static str),
    /// A beginning and the value in one word, if there is one.
    Joined(&'static str, &'static str),
    /// Words, if the input has the value.
    Switch(&'static str, &'static str, &'static [Part]),
    /// The file that the call is made for.
    File,
    /// A word, and the file that the call is made for, if there is one.
    FileOption(&'static str),
    /// The folder around that file, if the input has the value, else the value.
    Around(&'static str, &'static str),
    /// An image: the value of the first input, `:`, and the line that the call is made for.
    Tagged(&'static str),
    /// A word and an image for each line of the second input, if the first has a value.
    Tags(&'static str, &'static str, &'static str),
}

/// Results of tests.
#[derive(Debug)]
pub struct Results {
    /// The input that must be true.
    pub wanted: &'static str,
    /// The command that makes results, if not all do.
    pub command: &'static str,
    /// The input with the patterns, or the patterns themselves where the tool has its own folder.
    pub patterns: &'static str,
    /// The form: `junit` or `vstest`.
    pub form: &'static str,
    /// Whether they lie in the folder for what nobody needs after the job.
    pub is_temporary: bool,
}

use Each::{File as EachFile, First, Line, Once};
use Part::{Around, File, FileOption, Joined, Macro, Option as Labeled, Switch, Tagged, Tags, Value, Word, Words};

const NO_FEEDS: &str = "there are no feeds and service connections here: put the address and the credentials into the \
                        tool's own configuration";
const NO_REGISTRIES: &str = "there are no service connections here: log in on the machine, and write the registry \
                             into `repository`";
const NO_ANALYSIS: &str = "this analysis is not part of the task here: call its goal yourself";

/// The results that Maven and Gradle leave where their inputs say.
const JUNIT_RESULTS: Results = Results {
    wanted: "publishJUnitResults",
    command: "",
    patterns: "testResultsFiles",
    form: "junit",
    is_temporary: false,
};

const DOTNET: Program = Program::Named(&["dotnet"]);
const NPM: Program = Program::Named(&["npm"]);
const DOCKER: Program = Program::Named(&["docker", "podman"]);
const GO: Program = Program::Named(&["go"]);
const MSBUILD: Program = Program::Named(&["msbuild", "xbuild"]);

/// Labels that an image gets: what the run knows of itself.
const LABELS: Part = Switch(
    "addPipelineData",
    "true",
    &[
        Word("--label"),
        Macro("com.azure.dev.image.system.teamproject=$(System.TeamProject)"),
        Word("--label"),
        Macro("com.azure.dev.image.build.definitionname=$(Build.DefinitionName)"),
        Word("--label"),
        Macro("com.azure.dev.image.build.buildnumber=$(Build.BuildNumber)"),
        Word("--label"),
        Macro("com.azure.dev.image.build.builduri=$(Build.BuildUri)"),
    ],
);

type When = &'static [(&'static str, &'static [&'static str])];

/// A call of `dotnet` for each project.
const fn dotnet(when: When, parts: &'static [Part]) -> Call {
    Call { when, program: DOTNET, each: EachFile("projects"), parts }
}

/// The calls of both tasks that build solutions.
macro_rules! build_calls {
    ($arguments:literal) => {
        &[
            Call {
                when: &[("clean", &["true"])],
                program: MSBUILD,
                each: EachFile("solution"),
                parts: &[
                    File,
                    Word("/t:Clean"),
                    Joined("/p:Platform=", "platform"),
                    Joined("/p:Configuration=", "configuration"),
                ],
            },
            Call {
                when: &[],
                program: MSBUILD,
                each: EachFile("solution"),
                parts: &[
                    File,
                    Joined("/p:Platform=", "platform"),
                    Joined("/p:Configuration=", "configuration"),
                    Switch("maximumCpuCount", "true", &[Word("/m")]),
                    Words($arguments),
                ],
            },
        ]
    };
}

/// Every task that calls a tool.
pub const TOOLS: &[Tool] = &[
    Tool {
        task: "Npm",
        folder: "workingDir",
        makes_folder: false,
        environment: &[],
        calls: &[
            Call { when: &[("command", &["install"])], program: NPM, each: Once, parts: &[Word("install"), LOUD] },
            Call { when: &[("command", &["ci"])], program: NPM, each: Once, parts: &[Word("ci"), LOUD] },
            Call { when: &[("command", &["publish"])], program: NPM, each: Once, parts: &[Word("publish"), LOUD] },
            Call {
                when: &[("command", &["custom"])],
                program: NPM,
                each: Once,
                parts: &[Words("customCommand"), LOUD],
            },
        ],
        absent: &[
            ("customRegistry", &["useFeed"], NO_FEEDS),
            ("customEndpoint", &[], NO_FEEDS),
            ("publishRegistry", &["useFeed"], NO_FEEDS),
            ("publishEndpoint", &[], NO_FEEDS),
        ],
        ignored: &[],
        results: None,
    },
    Tool {
        task: "DotNetCoreCLI",
        folder: "workingDirectory",
        makes_folder: false,
        environment: &[],
        calls: &[
            dotnet(&[("command", &["build"])], &[Word("build"), File, Words("arguments")]),
            dotnet(&[("command", &["run"])], &[Word("run"), FileOption("--project"), Words("arguments")]),
            Call {
                when: &[("command", &["publish"]), ("publishWebProjects", &["true"])],
                program: DOTNET,
                each: Once,
                parts: &[Word("publish"), Words("arguments")],
            },
            dotnet(
                &[("command", &["publish"]), ("publishWebProjects", &["false"])],
                &[Word("publish"), File, Words("arguments")],
            ),
            dotnet(
                &[("command", &["restore"])],
                &[
                    Word("restore"),
                    File,
                    Switch("selectOrConfig", "config", &[Labeled("--configfile", "nugetConfigPath")]),
                    Labeled("--packages", "packagesDirectory"),
                    Switch("noCache", "true", &[Word("--no-cache")]),
                    Labeled("--verbosity", "verbosityRestore"),
                    Words("restoreArguments"),
                ],
            ),
            dotnet(
                &[("command", &["test"])],
                &[
                    Word("test"),
                    File,
                    Switch(
                        "publishTestResults",
                        "true",
                        &[Word("--logger"), Word("trx"), Word("--results-directory"), Macro("$(Agent.TempDirectory)")],
                    ),
                    Words("arguments"),
                ],
            ),
            Call {
                when: &[("command", &["pack"])],
                program: DOTNET,
                each: EachFile("searchPatternPack"),
                parts: &[
                    Word("pack"),
                    File,
                    Labeled("--output", "outputDir"),
                    Labeled("--configuration", "configurationToPack"),
                    Switch("nobuild", "true", &[Word("--no-build")]),
                    Switch("includesymbols", "true", &[Word("--include-symbols")]),
                    Switch("includesource", "true", &[Word("--include-source")]),
                    Joined("-p:", "buildProperties"),
                    Labeled("--verbosity", "verbosityPack"),
                ],
            },
            dotnet(&[("command", &["custom"])], &[Words("custom"), File, Words("arguments")]),
        ],
        absent: &[
            ("command", &["push"], "there are no feeds here: write `command: custom` and `custom: nuget push …`"),
            ("feedRestore", &[], NO_FEEDS),
            ("externalEndpoints", &[], NO_FEEDS),
            (
                "versioningScheme",
                &["byPrereleaseNumber", "byEnvVar", "byBuildNumber"],
                "the version is not made here: write it into `buildProperties`, `PackageVersion=…`",
            ),
        ],
        ignored: &[(
            "zipAfterPublish",
            "publish",
            "What is published stays a folder: the task `ArchiveFiles` makes a zip of it.",
        )],
        results: Some(Results {
            wanted: "publishTestResults",
            command: "test",
            patterns: "**/*.trx",
            form: "vstest",
            is_temporary: true,
        }),
    },
    Tool {
        task: "Maven",
        folder: "",
        makes_folder: false,
        environment: &[("MAVEN_OPTS", "mavenOpts"), ("JAVA_HOME", "jdkUserInputPath")],
        calls: &[Call {
            when: &[("mavenVersionSelection", &["default"])],
            program: Program::Named(&["mvn"]),
            each: Once,
            parts: &[Labeled("-f", "mavenPOMFile"), Words("options"), Words("goals")],
        }],
        absent: &[
            (
                "mavenVersionSelection",
                &["Path"],
                "put the program into the `PATH` of the machine, or select it in a step",
            ),
            ("mavenFeedAuthenticate", &["true"], NO_FEEDS),
            (
                "codeCoverageTool",
                &["Cobertura", "JaCoCo"],
                "the project's own file says so; publish with `PublishCodeCoverageResults`",
            ),
            ("sqAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("checkstyleAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("findbugsAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("pmdAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("spotBugsAnalysisEnabled", &["true"], NO_ANALYSIS),
        ],
        ignored: &[],
        results: Some(JUNIT_RESULTS),
    },
    Tool {
        task: "Gradle",
        folder: "cwd",
        makes_folder: false,
        environment: &[("GRADLE_OPTS", "gradleOpts"), ("JAVA_HOME", "jdkUserInputPath")],
        calls: &[Call {
            when: &[],
            program: Program::File("wrapperScript"),
            each: Once,
            parts: &[Words("options"), Words("tasks")],
        }],
        absent: &[
            (
                "codeCoverageTool",
                &["Cobertura", "JaCoCo"],
                "the project's own file says so; publish with `PublishCodeCoverageResults`",
            ),
            ("sqAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("checkstyleAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("findbugsAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("pmdAnalysisEnabled", &["true"], NO_ANALYSIS),
            ("spotBugsAnalysisEnabled", &["true"], NO_ANALYSIS),
        ],
        ignored: &[],
        results: Some(JUNIT_RESULTS),
    },
    Tool {
        task: "CMake",
        folder: "cwd",
        makes_folder: true,
        environment: &[],
        calls: &[Call { when: &[], program: Program::Named(&["cmake"]), each: Once, parts: &[Words("cmakeArgs")] }],
        absent: &[("runInsideShell", &["true"], "write a `script` step, which is read by a shell")],
        ignored: &[],
        results: None,
    },
    Tool {
        task: "Docker",
        folder: "",
        makes_folder: false,
        environment: &[],
        calls: &[
            Call {
                when: &[("command", &["build"])],
                program: DOCKER,
                each: First("Dockerfile"),
                parts: &[
                    Word("build"),
                    FileOption("-f"),
                    LABELS,
                    Tags("-t", "repository", "tags"),
                    Words("arguments"),
                    Around("buildContext", "**"),
                ],
            },
            Call {
                when: &[("command", &["buildAndPush"])],
                program: DOCKER,
                each: First("Dockerfile"),
                parts: &[
                    Word("build"),
                    FileOption("-f"),
                    LABELS,
                    Tags("-t", "repository", "tags"),
                    Around("buildContext", "**"),
                ],
            },
            Call {
                when: &[("command", &["push"])],
                program: DOCKER,
                each: Line("tags"),
                parts: &[Word("push"), Words("arguments"), Tagged("repository")],
            },
            Call {
                when: &[("command", &["buildAndPush"])],
                program: DOCKER,
                each: Line("tags"),
                parts: &[Word("push"), Tagged("repository")],
            },
            Call {
                when: &[("command", &["start", "stop"])],
                program: DOCKER,
                each: Once,
                parts: &[Value("command"), Words("arguments"), Value("container")],
            },
            Call {
                when: &[("command", &[])],
                program: DOCKER,
                each: Once,
                parts: &[Value("command"), Words("arguments")],
            },
        ],
        absent: &[("containerRegistry", &[], NO_REGISTRIES), ("command", &["login", "logout"], NO_REGISTRIES)],
        ignored: &[],
        results: None,
    },
    Tool {
        task: "MSBuild",
        folder: "",
        makes_folder: false,
        environment: &[],
        calls: build_calls!("msbuildArguments"),
        absent: &[
            ("msbuildLocationMethod", &["location"], "put the program into the `PATH` of the machine"),
            ("restoreNugetPackages", &["true"], "restore packages in a step before"),
        ],
        ignored: &[],
        results: None,
    },
    Tool {
        task: "VSBuild",
        folder: "",
        makes_folder: false,
        environment: &[],
        calls: build_calls!("msbuildArgs"),
        absent: &[("restoreNugetPackages", &["true"], "restore packages in a step before")],
        ignored: &[],
        results: None,
    },
    Tool {
        task: "Go",
        folder: "workingDirectory",
        makes_folder: false,
        environment: &[],
        calls: &[
            Call {
                when: &[("command", &["get", "build", "test"])],
                program: GO,
                each: Once,
                parts: &[Value("command"), Words("arguments")],
            },
            Call {
                when: &[("command", &["custom"])],
                program: GO,
                each: Once,
                parts: &[Words("customCommand"), Words("arguments")],
            },
        ],
        absent: &[],
        ignored: &[],
        results: None,
    },
];

/// What makes npm say more.
const LOUD: Part = Switch("verbose", "true", &[Word("--loglevel"), Word("verbose")]);

/// Returns the tool that a task calls, if it only calls one.
pub fn tool(task: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.task == task)
}

impl Tool {
    /// Returns the calls that are meant where inputs have the values that `is` knows of.
    pub fn calls_for(&self, is: impl Fn(&str, &str) -> bool) -> Vec<&'static Call> {
        let others = |input: &str| {
            let all = self.calls.iter().flat_map(|call| call.when).filter(|(name, _)| *name == input);
            !all.flat_map(|(_, values)| *values).any(|value| is(input, value))
        };
        let holds = |call: &&Call| {
            call.when.iter().all(|(input, values)| match values.is_empty() {
                true => others(input),
                false => values.iter().any(|value| is(input, value)),
            })
        };
        self.calls.iter().filter(holds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn inputs_of(part: &Part) -> Vec<&'static str> {
        match part {
            Word(_) | Macro(_) | File | FileOption(_) => Vec::new(),
            Value(input) | Words(input) | Labeled(_, input) | Joined(_, input) | Around(input, _) | Tagged(input) => {
                vec![input]
            }
            Tags(_, input, other) => vec![input, other],
            Switch(input, _, parts) => std::iter::once(*input).chain(parts.iter().flat_map(inputs_of)).collect(),
        }
    }

    #[test]
    fn every_input_of_the_table_is_one_of_its_task() {
        for tool in TOOLS {
            let task = find(tool.task).unwrap_or_else(|| panic!("{}", tool.task));
            let calls = tool.calls.iter();
            let of_calls = calls.flat_map(|call| {
                let each = match call.each {
                    EachFile(input) | First(input) | Line(input) => Some(input),
                    Once => None,
                };
                let file = if let Program::File(input) = call.program { Some(input) } else { None };
                let when = call.when.iter().map(|(input, _)| *input);
                when.chain(each).chain(file).chain(call.parts.iter().flat_map(inputs_of)).collect::<Vec<_>>()
            });
            let others = tool.absent.iter().map(|it| it.0).chain(tool.ignored.iter().map(|it| it.0));
            let environment = tool.environment.iter().map(|it| it.1);
            let results = tool.results.iter().map(|it| it.wanted);
            let all = of_calls.chain(others).chain(environment).chain(results);
            for input in all.chain(Some(tool.folder).filter(|it| !it.is_empty())) {
                assert!(task.input(input).is_some(), "{} {input}", tool.task);
            }
        }
    }
}
