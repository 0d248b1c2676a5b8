//! Writes random valid WebAssembly modules to standard output, for the differential test.
//!
//!     weft-module-generator FIRST_SEED COUNT        COUNT 0: until the reader goes away
//!
//! Each module is framed: seed (8 bytes), length (4 bytes), both little endian, then the bytes. A seed always gives the
//! same module. Every module ends: a global, its last, holds fuel that each loop and each call takes from.
//!
//! Two versions of wasm-smith generate. The older one is the last that knows legacy exception handling.

mod rewrite;

use arbitrary::{Arbitrary, Unstructured};
use std::io::Write;

const FUEL: u32 = 300;

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next() % n == 0
    }

    fn bytes(&mut self) -> Vec<u8> {
        let words = 128 + self.next() % 1920;
        (0..words).flat_map(|_| self.next().to_le_bytes()).collect()
    }
}

/// Functions that the runner's host offers, whatever their type: it answers from a hash of the arguments.
fn offered_imports() -> Vec<u8> {
    use wasm_encoder::ValType::{F32, F64, I32, I64, V128};
    let types: [(&[wasm_encoder::ValType], &[wasm_encoder::ValType]); 8] = [
        (&[], &[]),
        (&[I32], &[I32]),
        (&[I64, I32], &[I64]),
        (&[F32, F64], &[F64]),
        (&[F64, I32, F32], &[F32]),
        (&[V128, I64], &[V128]),
        (&[I32, I64, F32, F64, V128, I32, I64, F64], &[I32, F64]),
        (&[I32, I32, I32, I32, I32, I32, V128], &[V128, I64, F32]),
    ];
    let mut type_section = wasm_encoder::TypeSection::new();
    let mut imports = wasm_encoder::ImportSection::new();
    for (i, (params, results)) in types.iter().enumerate() {
        type_section.ty().function(params.iter().copied(), results.iter().copied());
        imports.import("host", &format!("f{i}"), wasm_encoder::EntityType::Function(i as u32));
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&type_section).section(&imports);
    module.finish()
}

/// What both versions of wasm-smith call by the same names. All sizes stay small: what is compared is behaviour, and a
/// small module that runs to its end shows more of it than a large one.
macro_rules! common_config {
    ($config:ident, $random:ident) => {
        $config.allow_start_export = $random.one_in(4);
        $config.bulk_memory_enabled = true;
        $config.canonicalize_nans = true;
        $config.disallow_traps = !$random.one_in(3);
        $config.export_everything = true;
        $config.max_data_segments = 4;
        $config.max_element_segments = 4;
        $config.max_elements = 10;
        $config.max_exports = 1000;
        $config.max_funcs = 12;
        $config.min_funcs = 2;
        $config.max_globals = 10;
        $config.max_imports = 0;
        $config.max_instructions = if $random.one_in(8) { 1000 } else { 150 };
        $config.max_memories = 1;
        $config.max_nesting_depth = 12;
        $config.max_table_elements = 40;
        $config.max_tables = 3;
        $config.max_tags = 4;
        $config.max_type_size = 200;
        $config.max_types = 12;
        $config.max_values = 12;
        $config.memory64_enabled = false;
        $config.memory_max_size_required = true;
        $config.min_memories = if $random.one_in(8) { 0 } else { 1 };
        $config.multi_value_enabled = true;
        $config.reference_types_enabled = true;
        $config.relaxed_simd_enabled = false;
        $config.saturating_float_to_int_enabled = true;
        $config.simd_enabled = !$random.one_in(4);
        $config.table_max_size_required = true;
        $config.tail_call_enabled = $random.one_in(2);
        $config.threads_enabled = $random.one_in(6);
    };
}

fn generate(random: &mut Random) -> Option<Vec<u8>> {
    let bytes = random.bytes();
    let mut u = Unstructured::new(&bytes);
    let mut config = wasm_smith::Config::arbitrary(&mut u).ok()?;
    common_config!(config, random);
    if random.one_in(3) {
        config.available_imports = Some(offered_imports());
        config.max_imports = 6;
        // wabt 1.0.32 goes astray after a tail call of a host function.
        config.tail_call_enabled = false;
    }
    config.allow_floats = !random.one_in(8);
    config.max_memory32_bytes = 4 << 16;
    config.memory_offset_choices = wasm_smith::MemoryOffsetChoices(80, 18, 2);
    config.custom_descriptors_enabled = false;
    config.custom_page_sizes_enabled = false;
    config.exceptions_enabled = false;
    config.extended_const_enabled = true;
    config.gc_enabled = false;
    config.generate_custom_sections = false;
    config.shared_everything_threads_enabled = false;
    config.sign_extension_ops_enabled = true;
    config.wide_arithmetic_enabled = false;
    let mut module = wasm_smith::Module::new(config, &mut u).ok()?;
    module.ensure_termination(FUEL).ok()?;
    rewrite::rewrite(&module.to_bytes())
}

fn generate_legacy(random: &mut Random) -> Option<Vec<u8>> {
    let bytes = random.bytes();
    let mut u = Unstructured::new(&bytes);
    let mut config = wasm_smith_legacy::SwarmConfig::arbitrary(&mut u).ok()?;
    common_config!(config, random);
    // wabt 1.0.32 goes astray after a tail call out of a try.
    config.exceptions_enabled = !config.tail_call_enabled;
    config.max_memory_pages = 4;
    config.memory_offset_choices = (80, 18, 2);
    config.min_tags = 1;
    config.sign_extension_enabled = true;
    let mut module = wasm_smith_legacy::Module::new(config, &mut u).ok()?;
    module.ensure_termination(FUEL);
    rewrite::rewrite(&module.to_bytes())
}

/// The module of a seed. Some random bytes make no module (no export name is left, say): then later ones of the seed.
fn module_of(seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0xd134_2543_de82_ef95));
    loop {
        let module = if random.one_in(3) { generate_legacy(&mut random) } else { generate(&mut random) };
        if let Some(module) = module {
            return module;
        }
    }
}

fn main() -> std::io::Result<()> {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [first, count] = numbers[..] else {
        eprintln!("usage: weft-module-generator FIRST_SEED COUNT");
        std::process::exit(2);
    };
    let mut out = std::io::stdout().lock();
    for i in 0.. {
        if count != 0 && i == count {
            break;
        }
        let seed = first.wrapping_add(i);
        let module = module_of(seed);
        out.write_all(&seed.to_le_bytes())?;
        out.write_all(&(module.len() as u32).to_le_bytes())?;
        out.write_all(&module)?;
    }
    out.flush()
}
