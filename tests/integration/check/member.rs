//! Members that a value has not, and that have nearly the name of one which it has.

use crate::support::Folder;
use serde_json::Value;

/// Returns code, line, column and help of each report.
fn told(pipeline: &str) -> Vec<(String, u64, u64, String)> {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", pipeline);
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(0).json();
    let number = |it: &Value, key: &str| it["place"][key].as_u64().expect("a number");
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let one = |it: &Value| (text(it, "code"), number(it, "line"), number(it, "column"), text(it, "help"));
    reports.as_array().expect("a list").iter().map(one).collect()
}

/// Returns a pipeline that goes through the sites of a parameter.
fn through(sites: &str, steps: &str) -> String {
    format!(
        "parameters:\n- {{name: sites, type: object, default: {sites}}}\nsteps:\n- ${{{{ each site in parameters.sites }}}}:\n{steps}"
    )
}

#[test]
fn a_misspelt_member_of_a_loops_value_is_told_with_what_is_meant() {
    let sites = "[{region: west}, {region: north}]";
    let cases = [
        (sites, "  - script: echo ${{ site.regoin }}\n", 27, "region"),
        (sites, "  - script: echo ${{ lower(site.regoin) }}\n", 33, "region"),
        (sites, "  - script: echo ${{ site['regoin'] }}\n", 26, "region"),
        ("{west: 1}", "  - script: echo ${{ site.vale }}\n", 27, "value"),
        ("[{at: {region: x}}]", "  - script: echo ${{ site.at.regoin }}\n", 30, "region"),
    ];
    for (sites, steps, column, meant) in cases {
        let expected = ("unknown-member".to_owned(), 5, column, format!("did you mean `{meant}`?"));
        assert_eq!(told(&through(sites, steps)), [expected], "{steps}");
    }
}

#[test]
fn a_loop_through_a_mapping_has_values_with_two_members() {
    let told = told(&through("{west: 1}", "  - script: echo ${{ site.region }}\n"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].3, "the values of a loop through a mapping have `key` and `value`");
}

#[test]
fn one_item_with_another_name_for_what_the_others_have_is_told() {
    let sites = "[{region: west}, {regoin: north}, {region: south}]";
    let told = told(&through(sites, "  - script: echo ${{ site.region }}\n"));
    assert_eq!(told, [("unknown-member".to_owned(), 2, 58, "did you mean `region`?".to_owned())]);
}

/// A member that may be missing is an empty text.
#[test]
fn a_member_that_may_be_missing_is_no_mistake() {
    let sites = "[{name: a, names: [b]}, {name: c}]";
    for steps in [
        "  - script: echo ${{ join(',', site.names) }}\n",
        "  - script: echo ${{ site.slot }}\n",
        "  - ${{ if site.nmae }}:\n    - script: x\n  - script: y\n",
        "  - script: echo ${{ coalesce(site.nmae, 'x') }}\n",
        "  - script: echo ${{ eq(site.nmae, 'x') }}\n",
    ] {
        assert_eq!(told(&through(sites, steps)), [], "{steps}");
    }
}

/// Of two members that the files read, such as one path and several, a value has one.
#[test]
fn two_members_with_nearly_one_name_are_no_mistake() {
    let sites = "[{path: a, test: x}, {paths: [b], test: x}, {path: c, tests: [y]}, {path: d, text: z}]";
    let steps = "  - script: echo ${{ site.path }} ${{ site.test }} ${{ site.text }}
  - ${{ each path in site.paths }}:
    - script: echo ${{ path }} ${{ join(' ', site.tests) }}
";
    assert_eq!(told(&through(sites, steps)), []);
    let folder = Folder::new("");
    folder.write(
        "pipelines/p.yml",
        "steps:
- template: templates/t.yml
  parameters: {site: {image: x, label: l}}
- template: templates/t.yml
  parameters: {site: {images: [y, z], label: l}}
",
    );
    folder.write(
        "pipelines/templates/t.yml",
        "parameters:
- {name: site, type: object}
steps:
- script: echo ${{ parameters.site.image }} ${{ parameters.site.label }}
- ${{ each image in parameters.site.images }}:
  - script: echo ${{ image }}
- ${{ each label in parameters.site.labels }}:
  - script: echo ${{ label }}
",
    );
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(0).json();
    assert_eq!(reports, serde_json::json!([]));
}

/// Both names are read, and only one is written: the other is misspelt.
#[test]
fn a_misspelt_member_is_told_where_the_right_one_is_read_too() {
    let steps = "  - script: echo ${{ site.region }}\n  - script: echo ${{ site.regoin }}\n";
    let expected = ("unknown-member".to_owned(), 6, 27, "did you mean `region`?".to_owned());
    assert_eq!(told(&through("[{region: west}]", steps)), [expected]);
}

#[test]
fn a_template_that_gets_other_members_is_told_about() {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", "steps:\n- template: templates/t.yml\n  parameters: {site: {region: west}}\n");
    folder.write(
        "pipelines/templates/t.yml",
        "parameters:\n- {name: site, type: object}\nsteps:\n- script: echo ${{ parameters.site.regoin }}\n",
    );
    let reports = folder.run(&["check", "pipelines", "--format", "json"]).ended_with(0).json();
    let reports = reports.as_array().expect("a list");
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0]["code"], "unknown-member");
    assert_eq!(reports[0]["place"]["line"], 4);
    assert_eq!(reports[0]["notes"][0], "included from pipelines/p.yml:2");
}

/// The name of the loop was changed, and not where it is used.
#[test]
fn the_only_loop_is_meant_by_a_name_with_members_that_nobody_knows() {
    let told = told(&through("[{region: west}]", "  - script: echo ${{ place.region }}\n"));
    assert_eq!(told, [("unknown-name".to_owned(), 5, 22, "did you mean `site`?".to_owned())]);
}
