//! `DotNetCoreCLI` beside its calls: what is published becomes zips, packages have versions.

use super::fake::Machine;
use super::{prints, with};

/// Prints how it was called, and publishes to where it is told, or to the project's own folder.
const DOTNET: &str = "\
printf 'dotnet'; printf ' [%s]' \"$@\"; echo
out= ; project=$2
while [ $# -gt 0 ]; do case $1 in -o|--output) out=$2;; esac; shift; done
[ -n \"$out\" ] || out=${project%/*}/bin/Release/publish
mkdir -p \"$out/sub\"; echo app > \"$out/app.dll\"; echo x > \"$out/sub/x\"
";

const PROJECTS: &str = "\
- script: |
    mkdir -p api/wwwroot site/wwwroot lib; touch api/api.csproj lib/lib.csproj
    echo '<Project Sdk=\"Microsoft.NET.Sdk.Web\">' > site/site.fsproj
";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.program("dotnet", DOTNET);
    machine
}

#[test]
fn what_is_published_becomes_a_zip_for_each_project_for_the_web() {
    let steps = format!(
        "\
steps:
{PROJECTS}\
- task: DotNetCoreCLI@2
  inputs: {{command: publish, arguments: -c Release --output $(Build.ArtifactStagingDirectory)/web}}
- script: cd $(Build.ArtifactStagingDirectory); find . -type f | sort; unzip -Z1 web/api.zip | sort; pwd
"
    );
    let output = machine().run(&steps).ended_with(0);
    let lines: Vec<&str> = output.stdout.lines().filter(|line| !line.starts_with("##[")).collect();
    assert!(lines.ends_with(&["app.dll", "sub/", "sub/x", lines[lines.len() - 1]]), "{output:?}");
    let staging = lines[lines.len() - 1];
    let sources = staging.replace("/a", "/s");
    prints(
        &output,
        &[
            &format!("dotnet [publish] [{sources}/api/api.csproj] [-c] [Release] [--output] [{staging}/web/api]"),
            &format!("dotnet [publish] [{sources}/site/site.fsproj] [-c] [Release] [--output] [{staging}/web/site]"),
            "./web/api.zip",
            "./web/site.zip",
        ],
    );
    assert!(!output.stdout.contains("lib.csproj") && !lines.contains(&"./web/api/app.dll"), "{output:?}");
}

#[test]
fn a_folder_of_the_author_s_keeps_its_zip_and_none_is_made_where_none_is_wanted() {
    for (inputs, found) in [
        ("zipAfterPublish: false, arguments: -o out", vec!["out/lib/app.dll", "out/lib/sub/x"]),
        ("zipAfterPublish: false, modifyOutputPath: false, arguments: -o out", vec!["out/app.dll", "out/sub/x"]),
        ("modifyOutputPath: false, arguments: -o out", vec!["out/out.zip"]),
        ("arguments: --no-build", vec!["lib/bin/Release/publish.zip", "lib/lib.csproj"]),
    ] {
        let steps = format!(
            "steps:\n{PROJECTS}- task: DotNetCoreCLI@2\n  inputs: {{command: publish, publishWebProjects: false, projects: lib/*.csproj, {inputs}}}\n- script: find out lib -type f | sort\n"
        );
        let output = machine().run(&steps).ended_with(0);
        let lines: Vec<&str> = output.stdout.lines().filter(|line| !line.starts_with("##[")).collect();
        let found =
            found.into_iter().map(|it| if it.starts_with("out/") { vec!["lib/lib.csproj", it] } else { vec![it] });
        let mut found: Vec<&str> = found.flatten().collect();
        found.sort_unstable();
        found.dedup();
        assert!(lines.ends_with(&found), "{inputs}: {output:?}");
    }
}

#[test]
fn what_was_published_has_its_zip_though_another_project_could_not_be() {
    let machine = Machine::new();
    machine.program(
        "dotnet",
        &format!("case $* in *bad*) mkdir -p out/bad; echo half > out/bad/x; exit 5;; esac\n{DOTNET}"),
    );
    let steps = "\
steps:
- script: mkdir a bad c; touch a/a.csproj bad/bad.csproj c/c.csproj
- task: DotNetCoreCLI@2
  inputs: {command: publish, publishWebProjects: false, projects: '*/*.csproj', arguments: -o out}
- script: find out -type f | sort
  condition: failed()
";
    let output = machine.run(steps).ended_with(1);
    let lines: Vec<&str> = output.stdout.lines().filter(|line| line.starts_with("out/")).collect();
    assert_eq!(lines, ["out/a.zip", "out/bad/x", "out/c.zip"], "{output:?}");
    prints(&output, &["##[error]dotnet exited with code '5'."]);
}

#[test]
fn projects_for_the_web_are_those_that_show_it_or_else_those_that_name_it() {
    let machine = machine();
    let run = |also: &str| {
        let made = format!(
            "- script: |\n    mkdir -p one two; echo '<Project Sdk=\"Microsoft.NET.Sdk.Web\">' | tee one/one.csproj > two/two.csproj{also}\n"
        );
        let publish = "- task: DotNetCoreCLI@2\n  inputs: {command: publish, zipAfterPublish: false}\n";
        let output = machine.run(&format!("steps:\n{made}{publish}")).ended_with(0);
        let named = |name: &&str| output.stdout.contains(&format!("/{name}.csproj]"));
        ["one", "two"].into_iter().filter(named).collect::<Vec<_>>()
    };
    assert_eq!(run(""), ["one", "two"]);
    assert_eq!(run("; touch two/web.config"), ["two"]);
}

#[test]
fn packages_are_fetched_and_made_in_the_folder_of_each_project() {
    let machine = Machine::new();
    machine.program("dotnet", "printf '%s:' \"${PWD##*/}\"; printf ' [%s]' \"${@//*\\/s\\//s/}\"; echo\n");
    let run = |inputs: &str| {
        let made = "- script: mkdir -p web/in api; touch web/in/a.csproj api/b.nuspec\n";
        let steps =
            format!("variables: {{conf: Release}}\nsteps:\n{made}- task: DotNetCoreCLI@2\n  inputs: {{{inputs}}}\n");
        let output = machine.run(&steps).ended_with(0);
        output.stdout.lines().filter(|line| line.contains(": [")).map(str::to_owned).collect::<Vec<_>>()
    };
    let restore = "command: restore, projects: '**/*.csproj', feedsToUse: config, nugetConfigPath: api/nuget.config, restoreDirectory: packages, noCache: true";
    assert_eq!(
        run(&format!("{restore}, verbosityRestore: '-', restoreArguments: --force, workingDirectory: web")),
        [
            "in: [restore] [s/web/in/a.csproj] [--packages] [s/packages] [--configfile] [s/api/nuget.config] [--no-cache] [--force]"
        ]
    );
    let pack = "command: pack, packagesToPack: '**/*.csproj;**/*.nuspec', packDirectory: out, configuration: $(conf), buildProperties: 'A=b;C=d'";
    let more = "nobuild: true, includesymbols: true, includesource: true, versioningScheme: byEnvVar, versionEnvVar: conf, addVersionToProjectFile: true, verbosityPack: Minimal";
    let rest = "[--output] [s/out] [--no-build] [--include-symbols] [--include-source] [/p:Configuration=Release;A=b;C=d] [/p:PackageVersion=Release] [/p:Version=Release] [--verbosity] [Minimal]";
    assert_eq!(
        run(&format!("{pack}, {more}")),
        [format!("api: [pack] [s/api/b.nuspec] {rest}"), format!("in: [pack] [s/web/in/a.csproj] {rest}")]
    );
}

#[test]
fn nothing_to_publish_or_to_zip_is_said_so() {
    let publish = |inputs: &str| {
        let steps = "steps:\n- script: mkdir -p lib; touch lib/lib.csproj\n- task: DotNetCoreCLI@2\n";
        with(&["dotnet"]).run(&format!("{steps}  inputs: {{command: publish, {inputs}}}\n")).ended_with(1).stdout
    };
    assert!(publish("arguments: -o out").contains("There is no project for the web"));
    let lib = "publishWebProjects: false, projects: lib/*.csproj";
    assert!(publish(&format!("{lib}, arguments: -o out")).contains("/out/lib`: there is nothing to zip."));
    assert!(publish(lib).contains("There is no folder `publish` below"));
    assert!(publish(&format!("{lib}, arguments: -o /tmp")).contains("`/tmp/lib` is outside of the job's folders"));
    let own = publish("publishWebProjects: false, projects: '', arguments: -o .");
    assert!(own.contains("/s` can't be replaced by a zip: the job needs it."), "{own}");
}

#[test]
fn packages_have_the_version_that_the_scheme_makes() {
    let pack = |inputs: &str| {
        let steps = format!(
            "name: Shop 4.5.6$(Rev:.r)\nvariables: {{pack.version: 1.2.3-rc.1, bad: 'x;y'}}\nsteps:\n- script: echo > a.csproj\n- task: DotNetCoreCLI@2\n  inputs: {{command: pack, packDirectory: out, verbosityPack: '', {inputs}}}\n"
        );
        with(&["dotnet"]).run(&steps)
    };
    let env = "versioningScheme: byEnvVar, versionEnvVar";
    for (inputs, arguments) in [
        ("versioningScheme: off", ""),
        (&*format!("{env}: PACK_VERSION"), " [/p:PackageVersion=1.2.3-rc.1]"),
        (&*format!("{env}: pack.version, buildProperties: A=b"), " [/p:A=b] [/p:PackageVersion=1.2.3-rc.1]"),
    ] {
        let output = pack(inputs).ended_with(0).stdout;
        assert!(output.contains(&format!("/s/out]{arguments} [--verbosity]")), "{output}");
    }
    let by_name = pack("versioningScheme: byBuildNumber").ended_with(0).stdout;
    assert!(by_name.contains("[/p:PackageVersion=4.5.6"), "{by_name}");
    let parts = "majorVersion: 2, minorVersion: 3, patchVersion: 4";
    let before = pack(&format!("versioningScheme: byPrereleaseNumber, {parts}")).ended_with(0).stdout;
    let version = before.split("[/p:PackageVersion=2.3.4-CI-").nth(1).and_then(|rest| rest.split(']').next());
    let form: String = version.expect(&before).chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    assert_eq!(form, "00000000-000000");
    for (inputs, sentence) in [
        (format!("{env}: MISSING"), "The variable `MISSING` that `versionEnvVar` names has no value"),
        (format!("{env}: BAD"), "`x;y` is no version of a package"),
        ("versioningScheme: byPrereleaseNumber, majorVersion: two".to_owned(), "is a number, not `two`"),
    ] {
        let output = pack(&inputs).ended_with(1);
        assert!(output.stdout.contains(sentence), "{output:?}");
    }
}

#[test]
fn results_of_tests_have_the_title_that_the_step_gives_them() {
    let machine = Machine::with_configuration("connections:\n  open: {auth: none}\n");
    machine.program(
        "dotnet",
        "while [ $# -gt 0 ]; do [ \"$1\" = --results-directory ] && dir=$2; shift; done\n\
         echo '<TestRun><Results><UnitTestResult testName=\"a\" outcome=\"Passed\"/></Results></TestRun>' > \"$dir/a.trx\"\n",
    );
    let output = machine.run("steps:\n- task: DotNetCoreCLI@2\n  inputs: {command: test, testRunTitle: ' nightly '}\n");
    prints(&output.ended_with(0), &["tests of `nightly`: 1, 1 passed, 0 failed, 0 skipped"]);
}

#[test]
fn a_project_that_fails_keeps_no_other_from_its_turn() {
    let machine = Machine::new();
    machine.program("dotnet", "echo \"called ${2##*/}\"; case $* in *two*) exit 4;; *three*) exit 5;; esac\n");
    let steps = |inputs: &str| {
        format!(
            "steps:\n- script: mkdir s; touch s/one.csproj s/two.csproj s/three.csproj s/zero.csproj\n- task: DotNetCoreCLI@2\n  continueOnError: true\n  inputs: {{projects: 's/*.csproj', {inputs}}}\n- script: echo status $(Agent.JobStatus)\n"
        )
    };
    for command in ["build", "test", "custom, custom: 'tool'", "publish, publishWebProjects: false"] {
        let output = machine.run(&steps(&format!("command: {command}, arguments: -v q"))).ended_with(0);
        prints(&output, &["called one.csproj", "called three.csproj", "called two.csproj", "called zero.csproj"]);
        prints(&output, &["##[error]dotnet exited with code '5'.", "status SucceededWithIssues"]);
        let told: Vec<&str> = output.stdout.lines().filter(|line| line.starts_with("##[error]`dotnet ")).collect();
        let [three, two] = told[..] else { panic!("{command}: {output:?}") };
        assert!(three.contains("/s/three.csproj") && three.ends_with(" -v q` exited with code '5'."), "{output:?}");
        assert!(two.contains("/s/two.csproj") && two.ends_with(" -v q` exited with code '4'."), "{output:?}");
    }
    // What the others need comes first.
    for command in ["restore, verbosityRestore: ''", "pack, searchPatternPack: 's/*.csproj', verbosityPack: ''"] {
        let output = machine.run(&steps(&format!("command: {command}"))).ended_with(0);
        prints(&output, &["called one.csproj", "called three.csproj", "##[error]dotnet exited with code '5'."]);
        assert!(!output.stdout.contains("called two.csproj"), "{command}: {output:?}");
    }
}

#[test]
fn payload_text_is_one_word_for_each_of_several_projects() {
    let machine = Machine::new();
    machine.program("dotnet", "printf '%s,' \"${@:3}\"; echo; exit 1\n");
    let steps = "steps:\n- script: touch one.csproj two.csproj\n- task: DotNetCoreCLI@2\n  inputs: {projects: '*.csproj', arguments: '--note ${{ parameters.hook.title }} x'}\n";
    let output = machine.run_with(steps, r#"{"title":"a $(touch canary) '; %s `id`"}"#).ended_with(1);
    let word = "--note,a $(touch canary) '; %s `id`";
    assert_eq!(output.stdout.lines().filter(|line| *line == format!("{word},x,")).count(), 2, "{output:?}");
    let told = |line: &&str| line.starts_with("##[error]`dotnet ") && line.contains("; %s `id`");
    assert_eq!(output.stdout.lines().filter(told).count(), 2, "{output:?}");
}

#[test]
fn tests_of_no_project_are_a_warning_and_anything_else_is_a_failure() {
    let run = |command: &str| {
        let inputs = format!("{{command: {command}, projects: 'none/*.csproj'}}");
        with(&["dotnet"]).run(&format!("steps:\n- task: DotNetCoreCLI@2\n  inputs: {inputs}\n"))
    };
    prints(&run("test").ended_with(0), &["##[warning]No file is meant by the patterns: there is nothing to do."]);
    prints(&run("build").ended_with(1), &["##[error]No file is meant by `projects`: `none/*.csproj`."]);
}

#[test]
fn a_project_may_be_a_folder() {
    let machine = Machine::new();
    machine.program("dotnet", "echo \"called $1 ${2#\"$PWD\"}\"\n");
    for (projects, called) in [
        ("app", vec!["called build /app"]),
        ("$(Build.SourcesDirectory)/app", vec!["called build /app"]),
        ("src/*", vec!["called build /src/a.csproj", "called build /src/one"]),
        (".", vec!["called build "]),
        ("$(Build.SourcesDirectory)", vec!["called build "]),
    ] {
        let steps = format!(
            "steps:\n- script: mkdir -p app src/one; touch src/a.csproj\n- task: DotNetCoreCLI@2\n  inputs: {{projects: '{projects}'}}\n"
        );
        let output = machine.run(&steps).ended_with(0);
        let lines: Vec<&str> = output.stdout.lines().filter(|line| line.starts_with("called")).collect();
        assert_eq!(lines, called, "{projects}: {output:?}");
    }
}

#[test]
fn results_of_tests_before_are_not_counted_again() {
    let machine = Machine::with_configuration("connections:\n  open: {auth: none}\n");
    machine.program(
        "dotnet",
        "while [ $# -gt 0 ]; do [ \"$1\" = --results-directory ] && dir=$2; shift; done\n\
         echo '<TestRun><Results><UnitTestResult testName=\"a\" outcome=\"Passed\"/></Results></TestRun>' > \"$dir/r_$$.trx\"\n",
    );
    let test = "- task: DotNetCoreCLI@2\n  inputs: {command: test}\n";
    let left = "- script: echo x > mine.trx; ln -s \"$PWD/mine.trx\" \"$(Agent.TempDirectory)/link.trx\"\n";
    let output = machine.run(&format!("steps:\n{test}{left}{test}- script: cat mine.trx\n")).ended_with(0);
    let counted: Vec<&str> = output.stdout.lines().filter(|line| line.starts_with("tests: ")).collect();
    assert_eq!(counted, ["tests: 1, 1 passed, 0 failed, 0 skipped"; 2], "{output:?}");
    prints(&output, &["x"]);
}
