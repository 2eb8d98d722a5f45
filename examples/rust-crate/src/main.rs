fn main() {
    println!("{}", greet::greeting("crate"));
}
