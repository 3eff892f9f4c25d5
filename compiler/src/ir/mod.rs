//! The intermediate representation: the interface between compiler and runtime.
//!
//! A [`Program`] is a set of functions over typed locals, each a list of basic blocks. It is small,
//! serialisable and complete: the runtime needs neither source nor AST. Everything that can fail at run time
//! is an instruction with a span; everything that waits for the outside world (generation, calls) is an
//! instruction of its own, so that an interpreter can stop before it and continue after it.
//!
//! Not here: names (already resolved), implicit conversions (made explicit by [`Op::IntToFloat`]), and loops
//! (lowered to jumps; every loop carries its bound).

mod decl;
mod flow;
mod generation;
mod later;
mod op;
mod options;
mod spec;
pub mod text;
pub mod validate;
mod value;

use agentc_constraint::SharedSpec;
use serde::{Deserialize, Serialize};

use crate::source::Span;

pub use decl::{Capability, ModelDecl, ScriptPrompt, ScriptRule, Test, TestModel, Tool, ToolBody};
pub use generation::{CallGen, Gen, GenFact, Method};
pub use later::Later;
pub use op::{BinOp, Op, Over, Role, TextOrigin, UnOp};
pub use options::{GenOption, OptionType, Range};
pub use validate::{IrError, validate};
pub use value::{Const, Field, NamedTy, Ty};

/// The version of this format; a loader refuses any other.
pub const VERSION: u32 = 5;

/// Levels that a type, or a constant, has at most. Deeper ones would not survive being written and read as JSON.
pub const TYPE_LEVELS: usize = 32;

/// Levels of JSON that a spec has at most, for the same reason.
pub const SPEC_LEVELS: usize = 110;

/// A compiled program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// [`VERSION`] of the compiler that wrote it.
    pub version: u32,
    /// The source files, indexed by [`Span::file`]: only messages need them.
    pub files: Vec<File>,
    /// All functions, indexed by [`FuncId`].
    pub funcs: Vec<Func>,
    /// The function that a run starts with: `main`, or the chosen agent.
    pub entry: FuncId,
    /// Types that contain themselves; [`Ty::Named`] numbers them.
    pub types: Vec<NamedTy>,
    /// What generations may write, indexed by [`SpecId`]: each once, with what was built from it.
    pub specs: Vec<SharedSpec>,
    /// Declared tools, indexed by [`ToolId`].
    pub tools: Vec<Tool>,
    /// `test` blocks in the order of the source.
    pub tests: Vec<Test>,
    /// The program's own default model, if it declares one.
    pub model: Option<ModelDecl>,
    /// Models that generations ask for by name, indexed by [`Gen::model`].
    pub models: Vec<(String, ModelDecl)>,
    /// Whether any reachable instruction opens a role (a chat program) or none does (plain completion).
    pub chat: bool,
}

impl Program {
    /// What a generation may write; `None` if there is no such spec, as [validation](validate()) makes sure of.
    pub fn spec(&self, id: SpecId) -> Option<&SharedSpec> {
        self.specs.get(id.index())
    }
}

/// A source file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// What messages call it: usually a path.
    pub name: String,
    /// Its text.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into the vector it numbers.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// Index of a function in [`Program::funcs`].
    FuncId
);
id!(
    /// Index of a spec in [`Program::specs`].
    SpecId
);
id!(
    /// Index of a tool in [`Program::tools`].
    ToolId
);
id!(
    /// Index of a block in [`Func::blocks`].
    BlockId
);
id!(
    /// Index of a local in [`Func::locals`].
    Local
);

/// What calling a function means for the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FuncKind {
    /// The implicit body of a file: the entry's own context. Its parameters are the `input`s.
    Main,
    /// A fresh context for each call.
    Agent,
    /// Writes into its caller's context.
    Fn,
    /// The body of a `test`: a context of its own, and no caller.
    Test,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Func {
    /// Its name in the source; `main` for the implicit one.
    pub name: String,
    /// What a call does to the context.
    pub kind: FuncKind,
    /// Parameters; parameter `i` arrives in `Local(i)`.
    pub params: Vec<Param>,
    /// The type of the returned value; `null` where nothing is returned.
    pub ret: Ty,
    /// Whether it neither writes text, generates nor reads the context, here or in what it calls.
    pub pure: bool,
    /// Whether it computes a constant or a default, which is the same at every call: without parameters, and pure.
    #[serde(default)]
    pub constant: bool,
    /// Every local, parameters first.
    pub locals: Vec<LocalDecl>,
    /// Captures by name, in the order of their first appearance: what an outcome shows for the entry point.
    pub captures: Vec<(String, Local)>,
    /// Basic blocks; execution starts at block 0.
    pub blocks: Vec<Block>,
    /// Where the function is declared.
    pub span: Span,
}

/// A parameter, or an `input` of the implicit main.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// The function without parameters that computes its default.
    pub default: Option<FuncId>,
}

/// A local variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalDecl {
    /// Its name in the source; temporaries have none.
    pub name: Option<String>,
    /// Its type.
    pub ty: Ty,
}

/// A straight run of instructions with one way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Executed in order.
    pub insts: Vec<Inst>,
    /// What happens then.
    pub term: Term,
}

/// An instruction and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inst {
    /// What to do.
    pub op: Op,
    /// The source it stands for: the place that a run-time error names.
    pub span: Span,
}

/// How a block ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Go on with another block.
    Jump(BlockId),
    /// Go on with one of two.
    Branch {
        /// A bool.
        cond: Local,
        /// Where true leads.
        then: BlockId,
        /// Where false leads.
        otherwise: BlockId,
    },
    /// Leave the function, with a value (`null` if none).
    Return(Option<Local>),
    /// End a branch, with a value (`null` if none).
    Yield(Option<Local>),
}
