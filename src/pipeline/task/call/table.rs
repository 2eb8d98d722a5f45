//! Every task that only calls a tool: one row a task.

use super::{Absent, Call, Each, Missing, Part, Program, Results, Tool};
use Each::{Beside, File as EachFile, First, Line, Once, Project, WebProject};
use Part::{
    Around, File, FileOption, Joined, Macro, Option as Labeled, Package, Path, Properties, Published, Switch, Tagged,
    Tags, Value, Version, Word, Words,
};

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

/// Analyses of Maven and Gradle that are not made here.
const ANALYSES: &[Absent] = &[
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
];

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

/// A project that is published.
const PUBLISH: &[Part] = &[Word("publish"), File, Published("arguments", "modifyOutputPath")];

type When = &'static [(&'static str, &'static [&'static str])];

/// A call of `dotnet` for each project.
const fn dotnet(when: When, parts: &'static [Part]) -> Call {
    Call { when, program: DOTNET, each: Project("projects", Missing::Fails), parts }
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
        absent: &[&[
            ("customRegistry", &["useFeed"], NO_FEEDS),
            ("customEndpoint", &[], NO_FEEDS),
            ("publishRegistry", &["useFeed"], NO_FEEDS),
            ("publishEndpoint", &[], NO_FEEDS),
        ]],
        published: None,
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
                each: WebProject,
                parts: PUBLISH,
            },
            dotnet(&[("command", &["publish"]), ("publishWebProjects", &["false"])], PUBLISH),
            Call {
                when: &[("command", &["restore"])],
                program: DOTNET,
                each: Beside("projects"),
                parts: &[
                    Word("restore"),
                    File,
                    Path("--packages", "packagesDirectory"),
                    Switch("selectOrConfig", "config", &[Path("--configfile", "nugetConfigPath")]),
                    Switch("noCache", "true", &[Word("--no-cache")]),
                    Labeled("--verbosity", "verbosityRestore"),
                    Words("restoreArguments"),
                ],
            },
            Call {
                when: &[("command", &["test"])],
                program: DOTNET,
                each: Project("projects", Missing::Warns),
                parts: &[
                    Word("test"),
                    File,
                    Switch(
                        "publishTestResults",
                        "true",
                        &[Word("--logger"), Word("trx"), Word("--results-directory"), Macro("$(Agent.TempDirectory)")],
                    ),
                    Words("arguments"),
                ],
            },
            Call {
                when: &[("command", &["pack"])],
                program: DOTNET,
                each: Beside("searchPatternPack"),
                parts: &[
                    Word("pack"),
                    Package,
                    Path("--output", "outputDir"),
                    Switch("nobuild", "true", &[Word("--no-build")]),
                    Switch("includesymbols", "true", &[Word("--include-symbols")]),
                    Switch("includesource", "true", &[Word("--include-source")]),
                    Properties("configurationToPack", "buildProperties"),
                    Version("addVersionToProjectFile"),
                    Labeled("--verbosity", "verbosityPack"),
                ],
            },
            dotnet(&[("command", &["custom"])], &[Words("custom"), File, Words("arguments")]),
        ],
        absent: &[&[
            ("command", &["push"], "there are no feeds here: write `command: custom` and `custom: nuget push …`"),
            ("feedRestore", &[], NO_FEEDS),
            ("externalEndpoints", &[], NO_FEEDS),
        ]],
        published: Some(super::Published {
            wanted: ("zipAfterPublish", "publish"),
            arguments: "arguments",
            is_apart: "modifyOutputPath",
        }),
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
            &[
                (
                    "mavenVersionSelection",
                    &["Path"],
                    "put the program into the `PATH` of the machine, or select it in a step",
                ),
                ("mavenFeedAuthenticate", &["true"], NO_FEEDS),
            ],
            ANALYSES,
        ],
        published: None,
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
        absent: &[ANALYSES],
        published: None,
        results: Some(JUNIT_RESULTS),
    },
    Tool {
        task: "CMake",
        folder: "cwd",
        makes_folder: true,
        environment: &[],
        calls: &[Call { when: &[], program: Program::Named(&["cmake"]), each: Once, parts: &[Words("cmakeArgs")] }],
        absent: &[&[("runInsideShell", &["true"], "write a `script` step, which is read by a shell")]],
        published: None,
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
        absent: &[&[("containerRegistry", &[], NO_REGISTRIES), ("command", &["login", "logout"], NO_REGISTRIES)]],
        published: None,
        results: None,
    },
    Tool {
        task: "MSBuild",
        folder: "",
        makes_folder: false,
        environment: &[],
        calls: build_calls!("msbuildArguments"),
        absent: &[&[
            ("msbuildLocationMethod", &["location"], "put the program into the `PATH` of the machine"),
            ("restoreNugetPackages", &["true"], "restore packages in a step before"),
        ]],
        published: None,
        results: None,
    },
    Tool {
        task: "VSBuild",
        folder: "",
        makes_folder: false,
        environment: &[],
        calls: build_calls!("msbuildArgs"),
        absent: &[&[("restoreNugetPackages", &["true"], "restore packages in a step before")]],
        published: None,
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
        published: None,
        results: None,
    },
];

/// What makes npm say more.
const LOUD: Part = Switch("verbose", "true", &[Word("--loglevel"), Word("verbose")]);
