//! The predefined variables that the README lists: each is there, in a macro and in the environment.

use super::support::Folder;
use std::collections::BTreeSet;
use std::path::Path;

const CONNECTIONS: &str = "connections: {open: {auth: none}, up: {auth: none}}\n";

/// What a pipeline resource stands for.
const UP: &str = "resources: {webhooks: [{webhook: hook, connection: up}]}\nsteps: [{script: echo up}]\n";

/// Returns the names in the README's table, each written out.
fn listed() -> BTreeSet<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let table = readme.split("Predefined variables, all read-only:").nth(1).expect("the table");
    let rows = table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let mut names = BTreeSet::new();
    for row in rows.skip(2) {
        let row = row.replace("<alias>", "hook");
        let mut cells = row.trim_matches('|').splitn(2, '|').map(str::trim);
        let prefix = cells.next().and_then(|cell| cell.strip_prefix('`')).and_then(|cell| cell.strip_suffix(".`"));
        let prefix = prefix.map(|prefix| format!("{prefix}.")).unwrap_or_default();
        // What stands in brackets explains, and is no name.
        let outside = without_brackets(cells.next().expect("a second cell"));
        names.extend(outside.split('`').skip(1).step_by(2).map(|name| format!("{prefix}{name}")));
    }
    names
}

/// The variables of the reference, section 4.5.
const REFERENCE: &str = "\
Agent.BuildDirectory Agent.ContainerMapping Agent.HomeDirectory Agent.RootDirectory Agent.Id Agent.Name Agent.MachineName \
Agent.Version Agent.JobName Agent.JobStatus Agent.OS Agent.OSArchitecture Agent.TempDirectory Agent.ToolsDirectory Agent.WorkFolder \
Build.ArtifactStagingDirectory Build.StagingDirectory Build.BinariesDirectory Build.BuildId Build.BuildNumber Build.BuildUri \
Build.ContainerId Build.CronSchedule.DisplayName Build.DefinitionName Build.DefinitionVersion Build.QueuedBy Build.QueuedById \
Build.Reason Build.Repository.ID Build.Repository.Name Build.Repository.Provider Build.Repository.Uri Build.Repository.LocalPath \
Build.Repository.Clean Build.Repository.Git.SubmoduleCheckout Build.RequestedFor Build.RequestedForEmail Build.RequestedForId \
Build.SourceBranch Build.SourceBranchName Build.SourcesDirectory Build.SourceVersion Build.SourceVersionMessage \
Build.TriggeredBy.BuildId Build.TriggeredBy.BuildNumber Build.TriggeredBy.DefinitionId Build.TriggeredBy.DefinitionName \
Build.TriggeredBy.ProjectID Common.TestResultsDirectory Environment.Id Environment.Name Environment.ResourceId \
Environment.ResourceName Strategy.Name Strategy.CycleName Pipeline.Workspace System.AccessToken System.CollectionId \
System.CollectionUri System.TeamFoundationCollectionUri System.Debug System.DefaultWorkingDirectory System.DefinitionId \
System.HostType System.JobAttempt System.JobDisplayName System.JobId System.JobName System.JobIdentifier System.OidcRequestUri \
System.PhaseAttempt System.PhaseDisplayName System.PhaseName System.PlanId System.TimelineId System.PullRequest.IsFork \
System.StageAttempt System.StageDisplayName System.StageName System.TeamProject System.TeamProjectId System.JobPositionInPhase \
System.TotalJobsInPhase Resources.TriggeringAlias Resources.TriggeringCategory Resources.Pipeline.hook.runID \
Resources.Container.box.URI";

#[test]
fn every_variable_of_the_reference_is_there_or_left_out_for_a_reason() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let passage = readme.split("Left out of those that Azure has:").nth(1).expect("the passage");
    let passage = passage.split("\n\n").next().expect("its end");
    let left_out: Vec<&str> = passage.split('`').skip(1).step_by(2).filter(|name| name.contains('.')).collect();
    let names = listed();
    let is_left_out = |name: &str| {
        left_out.iter().any(|it| *it == name || it.strip_suffix('*').is_some_and(|prefix| name.starts_with(prefix)))
    };
    for name in REFERENCE.split_whitespace() {
        assert!(names.contains(name) != is_left_out(name), "{name} is in none or both of the lists");
    }
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    let mut outside = String::new();
    for character in text.chars() {
        depth += usize::from(character == '(');
        if depth == 0 {
            outside.push(character);
        }
        depth -= usize::from(character == ')' && depth > 0);
    }
    outside
}

#[test]
fn every_variable_of_the_readme_is_there() {
    let names = listed();
    assert!(names.len() > 60, "{names:?}");
    let folder = Folder::new(CONNECTIONS);
    let prints: String = names
        .iter()
        .map(|name| {
            let variable = name.replace('.', "_").to_uppercase();
            format!("        echo '{name}=$({name})' \"${{{variable}-unset}}\"\n")
        })
        .collect();
    let pipeline = format!(
        "resources:\n  webhooks: [{{webhook: hook, connection: open}}]\n  pipelines: [{{pipeline: hook, source: up}}]\njobs:\n- deployment: D\n  environment: {{name: e, \
         resourceName: r, resourceId: 7}}\n  strategy:\n    canary:\n      increments: [10]\n      deploy:\n        steps:\n\
         \x20       - checkout: self\n        - bash: |\n{}",
        prints.replace("        echo", "            echo")
    );
    folder.write("pipelines/all.yml", &pipeline);
    folder.write("pipelines/up.yml", UP);
    let commit = "git init --quiet && git add --all && \
                  git -c user.name=ann -c user.email=ann@example.com commit --quiet --message first";
    assert!(folder.shell(commit).status.success());
    let server = folder.serve(&[]);
    for (connection, run) in [("up", "up#1"), ("open", "all#1")] {
        server.request("POST", &format!("/webhooks/{connection}"), &[], b"{}");
        folder.run(&["runs", "wait", run]).ended_with(0);
    }
    let log = folder.run(&["runs", "logs", "all#1"]).ended_with(0).stdout;
    for name in &names {
        let line = log.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).expect("each is printed");
        let (value, exported) = line.rsplit_once(' ').unwrap_or((line, ""));
        assert!(!value.is_empty() && !value.starts_with("$("), "{name} has no value: {line:?}");
        assert_ne!(exported, "unset", "{name} is not in the environment");
    }
}

#[test]
fn a_run_is_named_by_what_its_first_job_counts() {
    let folder = Folder::new(CONNECTIONS);
    let text = "name: v$(count)-$(Rev:r)\nresources: {webhooks: [{webhook: hook, connection: up}]}\n\
        variables:\n- name: count\n  value: $[counter('x', 7)]\n\
        jobs:\n- job: a\n  steps: [{bash: 'echo \"number $(Build.BuildNumber) $(count)\"'}]\n\
        - job: b\n  dependsOn: a\n  steps: [{bash: 'echo \"##vso[build.updatebuildnumber]own\"'}]\n\
        - job: c\n  dependsOn: b\n  steps: [{bash: 'echo \"then $(Build.BuildNumber) $(count)\"'}]\n";
    folder.write("pipelines/p.yml", text);
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(server.request("POST", "/webhooks/up", &[], b"{}").status, 200);
    assert_eq!(server.request("POST", "/webhooks/up", &[], b"{}").status, 200);
    let name = |run: &str| folder.run(&["runs", "show", run, "--format", "json"]).ended_with(0).json()["name"].clone();
    assert_eq!(name("p#2"), "v$(count)-2", "nothing has counted yet");
    drop(server);
    let _server = folder.serve(&[]);
    let counted = |(run, revision): (&str, u8)| {
        folder.run(&["runs", "wait", run]).ended_with(0);
        let log = folder.run(&["runs", "logs", run]).ended_with(0).stdout;
        assert_eq!(name(run), "own", "a name that a step gave stays");
        let is_of = |count: &u8| {
            log.contains(&format!("number v{count}-{revision} {count}")) && log.contains(&format!("then own {count}"))
        };
        [7, 8].into_iter().find(is_of).unwrap_or_else(|| panic!("{log}"))
    };
    assert_eq!([("p#1", 1), ("p#2", 2)].map(counted).into_iter().collect::<BTreeSet<u8>>().len(), 2);
    let output = folder.run(&["run", "pipelines/p.yml"]).ended_with(0);
    assert!(output.stdout.contains("number v7-1 7") && output.stdout.contains("then own 7"), "{output:?}");
}
