//! The `pixi-payd` command.

fn main() {}
