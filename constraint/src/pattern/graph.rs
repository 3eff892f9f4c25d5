//! Reachability between the nodes of a graph.

/// The strongly connected components of a graph.
#[derive(Debug)]
pub(super) struct Components {
    /// The component of each node. A component has a greater number than those it leads to.
    pub(super) of: Vec<u32>,
    /// Whether each node leads to itself.
    pub(super) cyclic: Vec<bool>,
}

/// A node that is being visited, and how many of its edges have been followed.
struct Visit {
    node: u32,
    followed: usize,
}

impl Components {
    /// Tarjan's algorithm, without recursion: graphs may be as deep as they are large.
    pub(super) fn new(edges: &[Vec<u32>]) -> Components {
        const UNSEEN: u32 = u32::MAX;
        let mut search = Search {
            order: vec![UNSEEN; edges.len()],
            low: vec![0; edges.len()],
            open: Vec::new(),
            components: Components { of: vec![UNSEEN; edges.len()], cyclic: vec![false; edges.len()] },
            seen: 0,
            found: 0,
        };
        let mut path: Vec<Visit> = Vec::new();
        for root in 0..edges.len() as u32 {
            if search.order[root as usize] == UNSEEN {
                path.push(search.enter(root));
            }
            while let Some(Visit { node, followed }) = path.last_mut() {
                let node = *node;
                match edges[node as usize].get(*followed) {
                    Some(&next) => {
                        *followed += 1;
                        if search.order[next as usize] == UNSEEN {
                            path.push(search.enter(next));
                        } else if search.components.of[next as usize] == UNSEEN {
                            search.meet(node, search.order[next as usize]);
                        }
                        search.components.cyclic[node as usize] |= next == node;
                    }
                    None => {
                        path.pop();
                        search.leave(node);
                        if let Some(before) = path.last() {
                            search.meet(before.node, search.low[node as usize]);
                        }
                    }
                }
            }
        }
        search.components
    }
}

struct Search {
    order: Vec<u32>,
    low: Vec<u32>,
    /// Nodes whose component is not complete.
    open: Vec<u32>,
    components: Components,
    seen: u32,
    found: u32,
}

impl Search {
    fn enter(&mut self, node: u32) -> Visit {
        self.order[node as usize] = self.seen;
        self.low[node as usize] = self.seen;
        self.seen += 1;
        self.open.push(node);
        Visit { node, followed: 0 }
    }

    /// A node leads to one that was seen early.
    fn meet(&mut self, node: u32, order: u32) {
        let low = &mut self.low[node as usize];
        *low = order.min(*low);
    }

    /// All that a node leads to is known: if none of it was seen earlier, a component is complete.
    fn leave(&mut self, node: u32) {
        if self.low[node as usize] != self.order[node as usize] {
            return;
        }
        let first = self.open.iter().rposition(|&open| open == node).unwrap_or(0);
        let several = self.open.len() - first > 1;
        for member in self.open.drain(first..) {
            self.components.of[member as usize] = self.found;
            self.components.cyclic[member as usize] |= several;
        }
        self.found += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Components;

    /// What a node leads to, by trying.
    fn reaches(edges: &[Vec<u32>], from: u32, to: u32) -> bool {
        let (mut open, mut seen) = (edges[from as usize].clone(), vec![false; edges.len()]);
        while let Some(node) = open.pop() {
            if node == to {
                return true;
            }
            if !std::mem::replace(&mut seen[node as usize], true) {
                open.extend(&edges[node as usize]);
            }
        }
        false
    }

    #[test]
    fn components_are_those_of_the_definition() {
        let mut seed = 1u64;
        let mut below = |n: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % n
        };
        for _ in 0..300 {
            let nodes = 1 + below(8);
            let edges: Vec<Vec<u32>> =
                (0..nodes).map(|_| (0..below(4)).map(|_| below(nodes) as u32).collect()).collect();
            let components = Components::new(&edges);
            for a in 0..nodes as u32 {
                assert_eq!(components.cyclic[a as usize], reaches(&edges, a, a), "{a} in {edges:?}");
                for b in 0..nodes as u32 {
                    let together = a == b || (reaches(&edges, a, b) && reaches(&edges, b, a));
                    let (x, y) = (components.of[a as usize], components.of[b as usize]);
                    assert_eq!(x == y, together, "{a} and {b} in {edges:?}");
                    assert!(!reaches(&edges, a, b) || x >= y, "{a} and {b} in {edges:?}");
                }
            }
        }
    }
}
