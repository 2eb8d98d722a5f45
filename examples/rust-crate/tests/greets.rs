#[test]
fn names_are_greeted() {
    assert_eq!(greet::greeting("Ann"), "Hello, Ann!");
}
