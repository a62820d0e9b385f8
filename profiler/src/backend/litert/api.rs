//! LiteRT's C functions, found in a shared library.
//!
//! Source: `litert/c/*.h` of LiteRT after 2.2.0 (August 2026), which 2.1.6 to 2.3.0 have.
#![allow(unsafe_code, reason = "a C interface")]

use std::ffi::{c_char, c_int, c_void};

use libloading::Library;

pub(super) type Status = c_int;
pub(super) type Handle = *mut c_void;
pub(super) type Destroy = unsafe extern "C" fn(Handle);

/// `LiteRtHwAccelerator`.
pub(super) const CPU: c_int = 1;
/// `LiteRtTensorBufferLockMode`.
pub(super) const LOCK_READ: c_int = 0;
pub(super) const LOCK_WRITE: c_int = 1;

/// `LiteRtEnvOption`: a tag, and a `LiteRtAny` of a type and a union of eight bytes.
#[repr(C)]
pub(super) struct EnvOption {
    tag: c_int,
    any_type: c_int,
    any_pad: c_int,
    any_value: i64,
}

impl EnvOption {
    /// Errors only: otherwise every call writes lines to stderr.
    pub(super) const QUIET: Self = {
        const MIN_LOGGER_SEVERITY: c_int = 25;
        const INT: c_int = 2;
        const ERROR: i64 = 3;
        Self { tag: MIN_LOGGER_SEVERITY, any_type: INT, any_pad: 0, any_value: ERROR }
    };
}

/// `LiteRtRankedTensorType`: C's bit fields `rank : 7, has_strides : 1` are the low byte of a word.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct RankedTensorType {
    pub(super) element: c_int,
    rank_and_strides: u32,
    dimensions: [i32; 8],
    strides: [u32; 8],
}

impl RankedTensorType {
    /// The sides; `None` for more than eight.
    pub(super) fn shape(&self) -> Option<&[i32]> {
        self.dimensions.get(..(self.rank_and_strides & 0x7f) as usize)
    }
}

/// `ProfiledEventData`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RawEvent {
    pub(super) tag: *const c_char,
    pub(super) kind: c_int,
    start_us: u64,
    pub(super) elapsed_us: u64,
    memory: [usize; 6],
    pub(super) metadata: [u64; 2],
    source: c_int,
}

impl RawEvent {
    pub(super) const NONE: Self = Self {
        tag: std::ptr::null(),
        kind: 0,
        start_us: 0,
        elapsed_us: 0,
        memory: [0; 6],
        metadata: [0; 2],
        source: 0,
    };
}

const _: () = assert!(
    size_of::<EnvOption>() == 24 && size_of::<RankedTensorType>() == 72 && size_of::<RawEvent>() == 104
);

macro_rules! api {
    ($($field:ident: $symbol:literal ($($argument:ty),*) $(-> $result:ty)?;)*) => {
        pub(super) struct Api { $(pub(super) $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Api {
            /// # Safety
            /// The library is LiteRT 2.1.6 or newer.
            pub(super) unsafe fn of(library: &Library) -> Result<Self, String> {
                Ok(Self { $($field: {
                    // SAFETY: by the caller; the types are those of LiteRT's headers.
                    *unsafe { library.get($symbol) }.map_err(|error| error.to_string())?
                },)* })
            }
        }
    };
}

api! {
    create_environment: b"LiteRtCreateEnvironment" (c_int, *const EnvOption, *mut Handle) -> Status;
    destroy_environment: b"LiteRtDestroyEnvironment" (Handle);
    create_model: b"LiteRtCreateModelFromBuffer" (Handle, *const c_void, usize, *mut Handle) -> Status;
    destroy_model: b"LiteRtDestroyModel" (Handle);
    model_signature: b"LiteRtGetModelSignature" (Handle, usize, *mut Handle) -> Status;
    count_inputs: b"LiteRtGetNumSignatureInputs" (Handle, *mut usize) -> Status;
    count_outputs: b"LiteRtGetNumSignatureOutputs" (Handle, *mut usize) -> Status;
    input_tensor: b"LiteRtGetSignatureInputTensorByIndex" (Handle, usize, *mut Handle) -> Status;
    output_tensor: b"LiteRtGetSignatureOutputTensorByIndex" (Handle, usize, *mut Handle) -> Status;
    tensor_type: b"LiteRtGetRankedTensorType" (Handle, *mut RankedTensorType) -> Status;
    create_options: b"LiteRtCreateOptions" (*mut Handle) -> Status;
    destroy_options: b"LiteRtDestroyOptions" (Handle);
    set_accelerators: b"LiteRtSetOptionsHardwareAccelerators" (Handle, c_int) -> Status;
    create_opaque: b"LiteRtCreateOpaqueOptions" (*const c_char, Handle, Destroy, *mut Handle) -> Status;
    add_opaque: b"LiteRtAddOpaqueOptions" (Handle, Handle) -> Status;
    compile: b"LiteRtCreateCompiledModel" (Handle, Handle, Handle, *mut Handle) -> Status;
    destroy_compiled: b"LiteRtDestroyCompiledModel" (Handle);
    input_needs: b"LiteRtGetCompiledModelInputBufferRequirements" (Handle, usize, usize, *mut Handle) -> Status;
    output_needs: b"LiteRtGetCompiledModelOutputBufferRequirements" (Handle, usize, usize, *mut Handle) -> Status;
    create_buffer: b"LiteRtCreateManagedTensorBufferFromRequirements"
        (Handle, *const RankedTensorType, Handle, *mut Handle) -> Status;
    destroy_buffer: b"LiteRtDestroyTensorBuffer" (Handle);
    buffer_len: b"LiteRtGetTensorBufferPackedSize" (Handle, *mut usize) -> Status;
    lock: b"LiteRtLockTensorBuffer" (Handle, *mut *mut c_void, c_int) -> Status;
    unlock: b"LiteRtUnlockTensorBuffer" (Handle) -> Status;
    run: b"LiteRtRunCompiledModel" (Handle, usize, usize, *mut Handle, usize, *mut Handle) -> Status;
    error_messages: b"LiteRtCompiledModelGetErrorMessages" (Handle, *mut *mut c_char) -> Status;
    profiler: b"LiteRtCompiledModelGetProfiler" (Handle, *mut Handle) -> Status;
    start_profiler: b"LiteRtStartProfiler" (Handle) -> Status;
    stop_profiler: b"LiteRtStopProfiler" (Handle) -> Status;
    count_events: b"LiteRtGetNumProfilerEvents" (Handle, *mut c_int) -> Status;
    events: b"LiteRtGetProfilerEvents" (Handle, c_int, *mut RawEvent) -> Status;
}

/// What a call says, in words.
pub(super) fn check(call: &str, status: Status) -> Result<(), String> {
    let meaning = match status {
        0 => return Ok(()),
        1 => "invalid argument",
        3 => "runtime failure",
        5 => "unsupported",
        6 => "not found",
        500 => "file",
        501 => "not a .tflite model",
        504 => "compilation",
        1000 => "index out of bounds",
        _ => "error",
    };
    Err(format!("{meaning} (status {status} of {call})"))
}

/// Calls a function whose last argument is where the result goes.
macro_rules! get {
    ($api:expr, $field:ident($($argument:expr),*) from $initial:expr) => {{
        let mut result = $initial;
        // SAFETY: handles come from this API and live as long as their owners; `result` has the type that the header says.
        let status = unsafe { ($api.$field)($($argument,)* &raw mut result) };
        $crate::backend::litert::api::check(stringify!($field), status).map(|()| result)
    }};
}
pub(super) use get;
