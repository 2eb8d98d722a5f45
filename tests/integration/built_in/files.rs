//! Which files tasks mean, and what they do with links.

use super::{fails_with, folder, printed, run};

#[test]
fn links_are_followed_inside_of_the_job_s_folders_and_others_are_told() {
    let steps = "\
jobs:
- job: make
  steps:
  - script: |
      mkdir -p d/in lib/deep; echo one > d/f; echo two > lib/deep/x.txt
      ln -s f d/same; ln -s ../lib d/lib; ln -s ../../d d/in/around; ln -s gone d/dangling
      ln -s /etc/hostname d/out; ln -s /etc d/etc; ln -s one d/other; ln -s other d/one
  - publish: d
    artifact: a
  - task: CopyFiles@2
    inputs: {SourceFolder: d, TargetFolder: to, Contents: '**/*.txt\n\n      same\n\n      dang*'}
  - task: ArchiveFiles@2
    inputs: {rootFolderOrFile: d, includeRootFolder: false, archiveFile: d.zip}
  - task: DeleteFiles@1
    inputs: {SourceFolder: d, Contents: '**/x.txt\n\n      lib'}
  - script: find to lib -type f | sort; unzip -Z1 d.zip | sort
- job: take
  dependsOn: make
  steps:
  - download: current
    artifact: a
  - script: cd $(Pipeline.Workspace)/a; find . -type f -o -type l | sort; cat same lib/deep/x.txt
";
    let output = run(&folder(steps)).ended_with(0);
    let lines = printed(&output);
    let told = |name: &str, lead: &str, count: usize| {
        let sentence = format!("##[warning]Links that {lead} were left out, such as `{name}` ({count} in all).");
        lines.iter().filter(|line| line.starts_with(&sentence)).count()
    };
    assert_eq!(told("dangling", "lead to nothing", 3), 2, "{output:?}");
    assert_eq!(told("dangling", "lead to nothing", 1), 1, "only what is meant is told: {output:?}");
    assert_eq!(told("in/around", "lead to a folder around them", 1), 2, "{output:?}");
    assert_eq!(told("etc", "lead out of the job's folders", 2), 2, "{output:?}");
    let expected = ["lib/deep/x.txt", "to/lib/deep/x.txt", "to/same"];
    let at = lines.iter().position(|line| *line == expected[0]).expect("the first file");
    assert_eq!(lines[at..at + 3], expected, "nothing is deleted through a link: {output:?}");
    assert_eq!(lines[at + 3..at + 9], ["f", "in/", "lib/", "lib/deep/", "lib/deep/x.txt", "same"], "{output:?}");
    assert!(lines.ends_with(&["./f", "./lib/deep/x.txt", "./same", "one", "two"]), "{output:?}");
}

#[test]
fn links_that_multiply_a_folder_end_at_its_limit() {
    let steps = "\
steps:
- script: |
    mkdir d; : > d/f
    for i in $(seq 1 20); do mkdir d/$i; ln -s ../$((i + 1)) d/$i/a; ln -s ../$((i + 1)) d/$i/b; done; mkdir d/21
- publish: d
  artifact: a
";
    fails_with(run(&folder(steps)), "it has more than 100000 files, those included that links lead to");
}

#[test]
fn a_link_to_where_it_is_copied_to_does_not_empty_the_file() {
    let steps = "\
steps:
- script: mkdir from to; echo kept > to/x; ln -s ../to/x from/x
- task: CopyFiles@2
  inputs: {SourceFolder: from, TargetFolder: to, OverWrite: true}
- script: cat to/x
";
    assert!(printed(&run(&folder(steps)).ended_with(0)).contains(&"kept"));
}

#[test]
fn files_are_copied_by_patterns_and_deleted() {
    let steps = "\
steps:
- script: mkdir -p src/in; echo 1 > src/a.txt; echo 2 > src/in/b.txt; echo 3 > src/in/c.md; echo 4 > src/.dot
- task: CopyFiles@2
  inputs:
    SourceFolder: src
    Contents: |
      # all but notes
      **
      !**/*.md
    TargetFolder: to
- task: copyfiles@2
  inputs: {SourceFolder: src, Contents: '**/?(n)*.@(md|txt)', TargetFolder: flat, flattenFolders: true}
- task: DeleteFiles@1
  inputs: {SourceFolder: src, Contents: \"*\\nin\"}
- script: find . -type f | sort
";
    let output = run(&folder(steps)).ended_with(0);
    let expected =
        ["./flat/a.txt", "./flat/b.txt", "./flat/c.md", "./src/.dot", "./to/.dot", "./to/a.txt", "./to/in/b.txt"];
    assert!(printed(&output).ends_with(&expected), "{output:?}");
}

#[test]
fn patterns_have_groups_and_no_braces() {
    let copy = |pattern: &str| {
        format!(
            "steps:\n- script: mkdir '{{a,b}}' a; touch '{{a,b}}/f' a/f ab ac '@x'\n- task: CopyFiles@2\n  inputs: {{Contents: '{pattern}', TargetFolder: to}}\n- script: cd to; find . -type f | sort\n"
        )
    };
    for (pattern, found) in [
        ("{a,b}/f", vec!["./{a,b}/f"]),
        ("@(a|{a,b})/f", vec!["./a/f", "./{a,b}/f"]),
        ("a?(b|c)", vec!["./ab", "./ac"]),
        ("[@]x", vec!["./@x"]),
        ("@x", vec!["./@x"]),
        ("+(a|b|c)", vec!["./ab", "./ac"]),
        ("*(a)b", vec!["./ab"]),
        ("./!({*|@*)", vec!["./ab", "./ac"]),
        ("@(!(a)|x)/f", vec!["./{a,b}/f"]),
        ("**\n\n    !**/!(f)", vec!["./a/f", "./{a,b}/f"]),
    ] {
        let output = run(&folder(&copy(pattern))).ended_with(0);
        assert!(printed(&output).ends_with(&found), "{pattern}: {output:?}");
    }
    fails_with(run(&folder(&copy("@(a|b"))), "a group has no end");
    fails_with(run(&folder(&copy("+(+(+(a|b)))"))), "it has too many groups that repeat inside of others");
}

#[test]
fn nothing_is_written_outside_of_the_job_s_folders() {
    for target in ["/tmp/out", "../../out", "link/out"] {
        let steps = format!(
            "steps:\n- script: ln -s /tmp link; echo > x\n- task: CopyFiles@2\n  inputs: {{Contents: x, TargetFolder: {target}}}\n"
        );
        fails_with(run(&folder(&steps)), "is outside of the job's folders");
    }
    let own = "steps:\n- task: DeleteFiles@1\n  inputs: {SourceFolder: ., Contents: none, RemoveSourceFolder: true}\n";
    fails_with(run(&folder(own)), "can't be removed: the job needs it");
}

#[test]
fn what_is_looked_for_is_found_beside_more_files_than_an_artifact_has() {
    let steps = "\
steps:
- script: mkdir node_modules && cd node_modules && seq 100100 | xargs touch; echo '<testsuite/>' > TEST-a.xml
- task: PublishTestResults@2
- publish: node_modules
  artifact: a
";
    let output = run(&folder(steps)).ended_with(1);
    assert!(printed(&output).contains(&"tests: 0, 0 passed, 0 failed, 0 skipped"), "{output:?}");
    assert!(output.stdout.contains("it has more than 100000 files"), "{output:?}");
}

#[test]
fn a_target_is_cleaned_of_what_is_in_it_once_there_is_something_to_copy() {
    let steps = "\
steps:
- script: mkdir -p src keep/deep; echo new > src/new.txt; echo old | tee keep/old > keep/deep/old; echo file > plain
- task: CopyFiles@2
  inputs: {SourceFolder: src, Contents: nomatch, TargetFolder: keep, CleanTargetFolder: true}
- script: find keep -type f | sort; touch mark; stat -c %i keep > inode
- task: CopyFiles@2
  inputs: {SourceFolder: src, Contents: '*.txt', TargetFolder: keep, CleanTargetFolder: true}
- script: ls -A keep; test \"$(stat -c %i keep)\" = \"$(cat inode)\" && echo the same folder
- task: CopyFiles@2
  inputs: {SourceFolder: src, Contents: '*.txt', TargetFolder: plain, CleanTargetFolder: true}
- script: ls plain
";
    let output = run(&folder(steps)).ended_with(0);
    let lines = printed(&output);
    assert!(lines.windows(2).any(|two| two == ["keep/deep/old", "keep/old"]), "{output:?}");
    assert!(lines.windows(2).any(|two| two == ["new.txt", "the same folder"]), "{output:?}");
    assert!(lines.ends_with(&["new.txt"]), "{output:?}");
}

#[test]
fn what_a_folder_says_is_to_be_ignored_is_not_published() {
    let steps = |more: &str| {
        format!(
            "\
jobs:
- job: make
  steps:
  - script: |
      mkdir -p o/node_modules/deep o/in/.git o/keep; touch o/node_modules/deep/x o/z.log o/in/y.log o/keep/y.log o/k.txt o/in/.git/x
      {more}
  - publish: o
    artifact: a
  - task: PublishBuildArtifacts@1
    inputs: {{PathtoPublish: o, ArtifactName: b}}
- job: take
  dependsOn: make
  steps:
  - download: current
  - script: cd $(Pipeline.Workspace); find a b -type f | sort
"
        )
    };
    let all = ["in/.git/x", "in/y.log", "k.txt", "keep/y.log", "node_modules/deep/x", "z.log"];
    let says = "printf '# what nobody needs\\n**/*.log\\nnode_modules/\\n!/keep/*.log\\n' > o/.artifactignore";
    for (more, ignored, published) in [
        (says, 3, vec![".artifactignore", "in/.git/x", "k.txt", "keep/y.log"]),
        ("", 1, all[1..].to_vec()),
        (": > o/.artifactignore", 0, [&[".artifactignore"], &all[..]].concat()),
    ] {
        let output = run(&folder(&steps(more))).ended_with(0);
        let lines = printed(&output);
        let of = |name: &str| lines.iter().filter_map(|it| it.strip_prefix(name)).collect::<Vec<_>>();
        assert_eq!(of("a/"), published, "{more}: {output:?}");
        assert!(of("b/").ends_with(&all), "the older task takes all: {output:?}");
        let told = format!("Left out, as `.artifactignore` says or is usual: {ignored} files and folders.");
        assert_eq!(lines.contains(&told.as_str()), ignored > 0, "{output:?}");
    }
    for (bad, sentence) in [
        ("ln -s /etc/passwd o/.artifactignore", "its `.artifactignore` can't be used: it is no file"),
        ("mkfifo o/.artifactignore", "its `.artifactignore` can't be used: it is no file"),
        ("seq 1001 > o/.artifactignore", "its `.artifactignore` can't be used: it has more than"),
        ("echo '[z-a' > o/.artifactignore", "its `.artifactignore` can't be used"),
    ] {
        fails_with(run(&folder(&steps(bad))), sentence);
    }
}

#[test]
fn a_folder_that_is_not_there_has_nothing_to_delete() {
    let steps = |folder: &str| {
        format!(
            "steps:\n- task: DeleteFiles@1\n  inputs: {{SourceFolder: {folder}, Contents: '**', RemoveSourceFolder: true}}\n"
        )
    };
    let output = run(&folder(&steps("not/there"))).ended_with(0);
    assert!(output.stdout.contains("There is no folder `not/there`: nothing is to be removed."), "{output:?}");
    fails_with(run(&folder(&steps("../../../not-there"))), "is outside of the job's folders");
}
