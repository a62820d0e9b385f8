//! A `.tflite` compiled for the processor, with its inputs and outputs.
#![allow(unsafe_code, reason = "a C interface")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::rc::Rc;

use super::Kernels;
use super::api::{self, Api, Handle, LOCK_READ, LOCK_WRITE, RankedTensorType, check, get};
use super::runtime::{Owned, Runtime};

/// How a model is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) threads: usize,
    pub(super) kernels: Kernels,
    /// Whether its ops can be timed.
    pub(super) is_profiled: bool,
}

/// A model ready to run. What it is made of is destroyed in this order.
pub(super) struct Compiled {
    pub(super) inputs: Vec<Buffer>,
    pub(super) outputs: Vec<Buffer>,
    input_handles: Vec<Handle>,
    output_handles: Vec<Handle>,
    pub(super) model: Owned,
    _source: Owned,
    /// Weights are read from here in every run.
    _bytes: Vec<u128>,
}

impl Compiled {
    pub(super) fn new(runtime: &Rc<Runtime>, tflite: &[u8], settings: Settings) -> Result<Self, String> {
        let Runtime { api, environment } = &**runtime;
        let bytes = aligned(tflite);
        let source =
            get!(api, create_model(*environment, bytes.as_ptr().cast(), tflite.len()) from null_mut())?;
        let source = Owned::new(runtime, source, api.destroy_model);
        let options = settings.options(runtime)?;
        let model = get!(api, compile(*environment, source.handle, options.handle) from null_mut())?;
        let model = Owned::new(runtime, model, api.destroy_compiled);
        // Files without signatures get one.
        let signature = get!(api, model_signature(source.handle, 0) from null_mut())?;
        let inputs = (0..get!(api, count_inputs(signature) from 0)?).map(|index| {
            let tensor = get!(api, input_tensor(signature, index) from null_mut())?;
            Buffer::new(runtime, tensor, get!(api, input_needs(model.handle, 0, index) from null_mut())?)
        });
        let inputs = inputs.collect::<Result<Vec<_>, String>>()?;
        let outputs = (0..get!(api, count_outputs(signature) from 0)?).map(|index| {
            let tensor = get!(api, output_tensor(signature, index) from null_mut())?;
            Buffer::new(runtime, tensor, get!(api, output_needs(model.handle, 0, index) from null_mut())?)
        });
        let outputs = outputs.collect::<Result<Vec<_>, String>>()?;
        let handles = |buffers: &[Buffer]| buffers.iter().map(|buffer| buffer.owned.handle).collect();
        Ok(Self {
            input_handles: handles(&inputs),
            output_handles: handles(&outputs),
            inputs,
            outputs,
            model,
            _source: source,
            _bytes: bytes,
        })
    }

    /// Runs once on what its inputs hold.
    pub(super) fn run(&mut self) -> Result<(), String> {
        let (inputs, outputs) = (&mut self.input_handles, &mut self.output_handles);
        // SAFETY: live handles; the arrays are as long as said.
        let status = unsafe {
            (self.model.runtime.api.run)(
                self.model.handle,
                0,
                inputs.len(),
                inputs.as_mut_ptr(),
                outputs.len(),
                outputs.as_mut_ptr(),
            )
        };
        check("run", status).map_err(|error| format!("{}{error}", self.messages()))
    }

    /// What the runtime has reported, with a colon behind it.
    fn messages(&self) -> String {
        let api = &self.model.runtime.api;
        let Ok(text) = get!(api, error_messages(self.model.handle) from null_mut::<c_char>()) else {
            return String::new();
        };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: a C string. It is C's allocation, of a run that failed, and is left to leak.
        let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() { String::new() } else { format!("{}: ", words.join(" ")) }
    }
}

/// An input's or output's memory.
pub(super) struct Buffer {
    owned: Owned,
    /// `LiteRtElementType`.
    pub(super) element: c_int,
    pub(super) shape: Vec<usize>,
}

impl Buffer {
    fn new(runtime: &Rc<Runtime>, tensor: Handle, needs: Handle) -> Result<Self, String> {
        let Runtime { api, environment } = &**runtime;
        let kind = get!(api, tensor_type(tensor) from RankedTensorType::default())?;
        let sides = kind.shape().ok_or("a tensor has more than eight sides")?;
        let shape = sides.iter().map(|side| usize::try_from(*side)).collect::<Result<_, _>>();
        let shape = shape.map_err(|_| format!("the sides of a tensor are {sides:?}, with some left open"))?;
        let handle = get!(api, create_buffer(*environment, &raw const kind, needs) from null_mut())?;
        let owned = Owned::new(runtime, handle, api.destroy_buffer);
        Ok(Self { owned, element: kind.element, shape })
    }

    pub(super) fn write(&self, values: &[u8]) -> Result<(), String> {
        self.locked(LOCK_WRITE, |address, len| {
            if len != values.len() {
                return Err(format!("an input takes {len} bytes, not {}", values.len()));
            }
            // SAFETY: LiteRT lends `len` bytes while they are locked.
            unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), address, len) };
            Ok(())
        })?
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, String> {
        // SAFETY: LiteRT lends `len` bytes while they are locked.
        self.locked(LOCK_READ, |address, len| unsafe { std::slice::from_raw_parts(address, len) }.to_vec())
    }

    fn locked<T>(&self, mode: c_int, work: impl FnOnce(*mut u8, usize) -> T) -> Result<T, String> {
        let (api, handle) = (&self.owned.runtime.api, self.owned.handle);
        let len = get!(api, buffer_len(handle) from 0)?;
        let mut address = null_mut();
        // SAFETY: a live buffer, unlocked below.
        check("lock", unsafe { (api.lock)(handle, &raw mut address, mode) })?;
        let result = work(address.cast(), len);
        // SAFETY: locked above.
        check("unlock", unsafe { (api.unlock)(handle) })?;
        Ok(result)
    }
}

impl Settings {
    fn options(self, runtime: &Rc<Runtime>) -> Result<Owned, String> {
        let api = &runtime.api;
        let options = Owned::new(runtime, get!(api, create_options() from null_mut())?, api.destroy_options);
        // SAFETY: live. The processor must be named: no accelerator at all is refused.
        check("set_accelerators", unsafe { (api.set_accelerators)(options.handle, api::CPU) })?;
        let kernels = match self.kernels {
            Kernels::Xnnpack => "xnnpack",
            Kernels::Own => "builtin",
        };
        let cpu = format!("kernel_mode = \"{kernels}\"\nnum_threads = {}\n", self.threads);
        add(api, options.handle, c"xnnpack", cpu)?;
        // 2: errors are kept for `messages`.
        let runtime = format!("enable_profiling = {}\nerror_reporter_mode = 2\n", self.is_profiled);
        add(api, options.handle, c"runtime_options_string", runtime)?;
        Ok(options)
    }
}

/// Options that LiteRT passes on to a part of it: its name, and TOML.
fn add(api: &Api, options: Handle, part: &CStr, toml: String) -> Result<(), String> {
    unsafe extern "C" fn free(payload: *mut c_void) {
        // SAFETY: the payload below.
        drop(unsafe { CString::from_raw(payload.cast()) });
    }
    let payload = CString::new(toml).map_err(|error| error.to_string())?.into_raw().cast();
    let opaque = get!(api, create_opaque(part.as_ptr(), payload, free) from null_mut())?;
    // SAFETY: `options` takes `opaque` over.
    check("add_opaque", unsafe { (api.add_opaque)(options, opaque) })
}

/// A copy that begins where buffers inside of it are aligned as they are meant to be.
fn aligned(bytes: &[u8]) -> Vec<u128> {
    let block = |chunk: &[u8]| {
        let mut block = [0; 16];
        block[..chunk.len()].copy_from_slice(chunk);
        u128::from_ne_bytes(block)
    };
    bytes.chunks(16).map(block).collect()
}
