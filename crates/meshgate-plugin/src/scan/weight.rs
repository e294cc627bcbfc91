//! How much a function's instructions make: a call of a function with a thousand results is three bytes, and a thousand values.
//!
//! Deliberately absent: types. What an index that is out of bounds means is for validation to say; here it weighs nothing.

use wasmparser::{BinaryReaderError, BlockType, CompositeInnerType, FunctionBody, Operator, Payload, TypeRef};

/// What is known of the module that is being read.
#[derive(Debug, Default)]
pub struct Module {
    /// Parameters and results of each type; nothing for what is no function.
    types: Vec<(u64, u64)>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    imported: usize,
    bodies: usize,
}

impl Module {
    /// Remembers what a section says.
    pub fn read(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    for one in group?.into_types() {
                        self.types.push(match one.composite_type.inner {
                            CompositeInnerType::Func(f) => (f.params().len() as u64, f.results().len() as u64),
                            _ => (0, 0),
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    if let TypeRef::Func(index) | TypeRef::FuncExact(index) = import?.ty {
                        self.functions.push(index);
                        self.imported += 1;
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for index in section.clone() {
                    self.functions.push(index?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Parameters and local variables of the next function, and the values that its instructions make and take, counted until
    /// there are more than `most`.
    pub fn function(&mut self, body: &FunctionBody<'_>, most: u64) -> Result<(u64, u64), BinaryReaderError> {
        let own = self.functions.get(self.imported + self.bodies).map_or((0, 0), |index| self.of_type(*index));
        self.bodies += 1;
        let mut locals = own.0;
        for group in body.get_locals_reader()? {
            locals = locals.saturating_add(u64::from(group?.0));
        }
        let mut values: u64 = 0;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() && values <= most {
            let (params, results) = self.weight(&operators.read()?, own.1);
            values += 1 + params + results;
        }
        Ok((locals, values))
    }

    fn weight(&self, operator: &Operator<'_>, own_results: u64) -> (u64, u64) {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.functions.get(*function_index as usize).map_or((0, 0), |index| self.of_type(*index))
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => self.of_type(*type_index),
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => match blockty {
                BlockType::FuncType(index) => self.of_type(*index),
                _ => (0, 1),
            },
            Operator::Return => (own_results, 0),
            Operator::BrTable { targets } => (u64::from(targets.len()), 0),
            _ => (0, 0),
        }
    }

    fn of_type(&self, index: u32) -> (u64, u64) {
        self.types.get(index as usize).copied().unwrap_or((0, 0))
    }
}
