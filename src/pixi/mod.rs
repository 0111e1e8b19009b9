//! pixi
