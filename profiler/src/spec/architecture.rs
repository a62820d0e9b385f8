//! One network: a chain of ops.

use sha2::{Digest, Sha256};

use super::{Graph, GraphBuilder, Macs, OpSpec, SpecError};

/// A network as a chain of ops, and which path of which space it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    name: String,
    path: Option<(String, Vec<String>)>,
    ops: Vec<OpSpec>,
    graph: Graph,
}

impl Architecture {
    /// A network of these ops; `path` names its space and the label chosen in each block.
    ///
    /// # Errors
    /// [`SpecError::Chain`] when an op does not take what the one before it gives, [`SpecError::Precision`] for several
    /// number formats, [`SpecError::Choice`] for no ops.
    pub fn new(name: &str, path: Option<(String, Vec<String>)>, ops: Vec<OpSpec>) -> Result<Self, SpecError> {
        let first = ops.first().ok_or_else(|| SpecError::Choice {
            space: path.as_ref().map_or_else(|| name.to_owned(), |(space, _)| space.clone()),
            reason: "a network needs at least one op".to_owned(),
        })?;
        let mut builder = GraphBuilder::new(first.input());
        let mut value = builder.input();
        for (index, op) in ops.iter().enumerate() {
            let (found, expected) = (builder.shape(value), first.precision());
            if op.precision() != expected {
                let (name, op) = (name.to_owned(), op.key());
                return Err(SpecError::Precision { name, index, op, expected });
            }
            if op.input() != found {
                let (name, op, expected) = (name.to_owned(), op.key(), op.input());
                return Err(SpecError::Chain { name, index, op, expected, found });
            }
            value = op.build(&mut builder, value)?;
        }
        Ok(Self { name: name.to_owned(), path, graph: builder.finish(value), ops })
    }

    /// Its name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same network under another name.
    pub fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The space it comes from and the label chosen in each block.
    pub fn path(&self) -> Option<(&str, &[String])> {
        self.path.as_ref().map(|(space, labels)| (space.as_str(), labels.as_slice()))
    }

    /// Its ops.
    pub fn ops(&self) -> &[OpSpec] {
        &self.ops
    }

    /// Its layers.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Its multiply-accumulates.
    pub fn macs(&self) -> Macs {
        self.graph.macs()
    }

    /// Its parameters as trained; see [`Graph::parameters`].
    pub fn parameters(&self) -> u64 {
        self.graph.parameters()
    }

    /// Its key in tables: `net-` and 12 hexadecimal digits of the SHA-256 of its op keys, whatever its name.
    pub fn key(&self) -> String {
        let keys: Vec<_> = self.ops.iter().map(OpSpec::key).collect();
        let digest = Sha256::digest(keys.join(" "));
        digest.iter().take(6).fold("net-".to_owned(), |key, byte| format!("{key}{byte:02x}"))
    }
}
