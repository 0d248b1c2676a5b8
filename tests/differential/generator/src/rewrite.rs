//! What wasm-smith's modules need before two engines can be compared by them.
//!
//! Promotions and demotions get canonical NaNs, as wasm-smith gives them to all other instructions: the specification
//! leaves the bits open, so they may differ between two engines that are both right.
//!
//! A tail call with more operands below its arguments becomes a call and a return: wabt 1.0.32 takes the wrong ones off
//! the stack.

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, Function, Ieee32, Ieee64, Instruction, Module, ValType};
use wasmparser::{
    FuncValidatorAllocations, FunctionBody, Operator, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

/// What has to be known of a function before its body is written anew.
struct Facts {
    parameters: u32,
    /// For each of its tail calls, in order: is the operand stack empty but for the arguments?
    exact_tail_calls: Vec<bool>,
}

/// Of each function of the code section. None when the module is not valid.
fn facts(module: &[u8]) -> Option<Vec<Facts>> {
    let features = WasmFeatures::default() | WasmFeatures::LEGACY_EXCEPTIONS;
    let mut validator = Validator::new_with_features(features);
    let mut signatures = Vec::new(); // of types: parameters
    let mut functions = Vec::new(); // type indices, imports first
    let mut facts = Vec::new();
    let mut imported = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.ok()?;
        match &payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    for sub in group.ok()?.into_types() {
                        signatures.push(sub.unwrap_func().params().len() as u32);
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    if let wasmparser::TypeRef::Func(index) = import.ok()?.ty {
                        functions.push(index);
                        imported += 1;
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for index in section.clone() {
                    functions.push(index.ok()?);
                }
            }
            _ => {}
        }
        if let ValidPayload::Func(function, body) = validator.payload(&payload).ok()? {
            let mut function = function.into_validator(FuncValidatorAllocations::default());
            let mut reader = body.get_binary_reader();
            function.read_locals(&mut reader).ok()?;
            let mut operators = body.get_operators_reader().ok()?;
            let mut exact_tail_calls = Vec::new();
            while !operators.eof() {
                let (operator, offset) = operators.read_with_offset().ok()?;
                let arguments = match operator {
                    Operator::ReturnCall { function_index } => {
                        Some(signatures[functions[function_index as usize] as usize])
                    }
                    Operator::ReturnCallIndirect { type_index, .. } => Some(signatures[type_index as usize] + 1),
                    _ => None,
                };
                if let Some(arguments) = arguments {
                    exact_tail_calls.push(function.operand_stack_height() <= arguments);
                }
                function.op(offset, &operator).ok()?;
            }
            let index = functions[imported + facts.len()] as usize;
            facts.push(Facts { parameters: signatures[index], exact_tail_calls });
        }
    }
    Some(facts)
}

struct Rewriter {
    facts: std::vec::IntoIter<Facts>,
}

impl Reencode for Rewriter {
    type Error = std::convert::Infallible;

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error> {
        let facts = self.facts.next().expect("there are facts of every function");
        let mut exact = facts.exact_tail_calls.into_iter();
        let mut locals = Vec::new();
        let mut scratch = facts.parameters;
        for declared in body.get_locals_reader()? {
            let (count, ty) = declared?;
            scratch += count;
            locals.push((count, self.val_type(ty)?));
        }
        locals.extend([(1, ValType::F32), (1, ValType::F64), (1, ValType::V128)]);
        let mut function = Function::new(locals);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let instruction = self.instruction(operators.read()?)?;
            for changed in plain_tail_call(&instruction, &mut exact) {
                function.instruction(&changed);
            }
            for further in canonical(&instruction, scratch) {
                function.instruction(&further);
            }
        }
        code.function(&function);
        Ok(())
    }
}

/// The instruction itself, unless it is a tail call that is not exact.
fn plain_tail_call<'a>(
    instruction: &Instruction<'a>,
    exact: &mut impl Iterator<Item = bool>,
) -> Vec<Instruction<'a>> {
    let call = match instruction {
        Instruction::ReturnCall(function) => Instruction::Call(*function),
        Instruction::ReturnCallIndirect { type_index, table_index } => {
            Instruction::CallIndirect { type_index: *type_index, table_index: *table_index }
        }
        _ => return vec![instruction.clone()],
    };
    if exact.next().expect("every tail call has been looked at") {
        vec![instruction.clone()]
    } else {
        vec![call, Instruction::Return]
    }
}

/// What follows an instruction: its result, or a canonical NaN where it is not equal to itself.
fn canonical(instruction: &Instruction, scratch: u32) -> Vec<Instruction<'static>> {
    const NAN32: u32 = 0x7fc0_0000;
    const NAN64: u64 = 0x7ff8_0000_0000_0000;
    let lanes32 = u128::from(NAN32) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    let lanes64 = u128::from(NAN64) * 0x0000_0000_0000_0001_0000_0000_0000_0001;
    let (local, nan, equal, choose) = match instruction {
        Instruction::F32DemoteF64 => {
            (scratch, Instruction::F32Const(Ieee32::new(NAN32)), Instruction::F32Eq, Instruction::Select)
        }
        Instruction::F64PromoteF32 => {
            (scratch + 1, Instruction::F64Const(Ieee64::new(NAN64)), Instruction::F64Eq, Instruction::Select)
        }
        Instruction::F32x4DemoteF64x2Zero => {
            (scratch + 2, Instruction::V128Const(lanes32 as i128), Instruction::F32x4Eq, Instruction::V128Bitselect)
        }
        Instruction::F64x2PromoteLowF32x4 => {
            (scratch + 2, Instruction::V128Const(lanes64 as i128), Instruction::F64x2Eq, Instruction::V128Bitselect)
        }
        _ => return Vec::new(),
    };
    vec![Instruction::LocalTee(local), nan, Instruction::LocalGet(local), Instruction::LocalGet(local), equal, choose]
}

/// None when the module is not valid, which wasm-smith's are.
pub fn rewrite(module: &[u8]) -> Option<Vec<u8>> {
    let mut rewriter = Rewriter { facts: facts(module)?.into_iter() };
    let mut result = Module::new();
    rewriter.parse_core_module(&mut result, Parser::new(0), module).ok()?;
    Some(result.finish())
}
