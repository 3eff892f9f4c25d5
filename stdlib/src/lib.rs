//! The standard library: the `.agent` files behind `import … from "std/…"`.
//!
//! Empty today, since the compiler does not resolve imports yet. The prelude (functions, pipes and type
//! aliases that every program sees without an import) is part of the compiler and the runtime.
