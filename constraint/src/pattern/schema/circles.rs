//! Schemas that have no effect because they are defined by themselves.

use super::node::{Keyword, Node, NodeId};
use super::read::Schemas;
use crate::error::BuildError;

/// Refuses schemas that are defined by themselves: `{"$ref": "#"}` says nothing.
pub(super) fn check_circles(schemas: &Schemas) -> Result<(), BuildError> {
    /// 1: under way, 2: done.
    fn enter(nodes: &[Node], marks: &mut [u8], stack: &mut Vec<(NodeId, Vec<NodeId>)>, node: NodeId) {
        marks[node as usize] = 1;
        let next = nodes[node as usize].keywords.iter().flat_map(Keyword::in_place).collect();
        stack.push((node, next));
    }
    let mut marks = vec![0u8; schemas.nodes.len()];
    let mut stack = Vec::new();
    for root in 0..schemas.nodes.len() as NodeId {
        if marks[root as usize] == 0 {
            enter(&schemas.nodes, &mut marks, &mut stack, root);
        }
        while let Some((node, open)) = stack.last_mut() {
            let node = *node;
            match open.pop() {
                None => {
                    marks[node as usize] = 2;
                    stack.pop();
                }
                Some(next) if marks[next as usize] == 1 => {
                    let at = format!("#{}", schemas.nodes[node as usize].pointer);
                    return Err(BuildError::Schema {
                        at,
                        reason: "the schema is defined by itself".to_owned(),
                    });
                }
                Some(next) if marks[next as usize] == 0 => {
                    enter(&schemas.nodes, &mut marks, &mut stack, next)
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}
