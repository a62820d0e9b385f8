//! The shared library and its environment.
#![allow(unsafe_code, reason = "a C interface")]

use std::mem::ManuallyDrop;
use std::path::Path;
use std::ptr::null_mut;
use std::rc::Rc;

use libloading::Library;

use super::api::{Api, Destroy, EnvOption, Handle, get};

/// LiteRT, loaded.
pub(super) struct Runtime {
    pub(super) api: Api,
    pub(super) environment: Handle,
}

impl Runtime {
    pub(super) fn load(path: &Path) -> Result<Rc<Self>, String> {
        // SAFETY: LiteRT's initialisers only register; the caller names a LiteRT library.
        let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
        // Never unloaded: 2.1 and 2.2 crash at that.
        let library = ManuallyDrop::new(library);
        // Up to 2.1.5 the same functions took other arguments, and none tells the version; this one came with 2.1.6.
        // SAFETY: looked up, not called.
        if unsafe { library.get::<unsafe extern "C" fn()>(b"LiteRtCreateModelFromFd") }.is_err() {
            return Err("it has no function `LiteRtCreateModelFromFd`".to_owned());
        }
        // SAFETY: as above.
        let api = unsafe { Api::of(&library) }?;
        let quiet = EnvOption::QUIET;
        let environment = get!(api, create_environment(1, &raw const quiet) from null_mut())?;
        Ok(Rc::new(Self { api, environment }))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // SAFETY: whatever was made in it held an `Rc` of this.
        unsafe { (self.api.destroy_environment)(self.environment) }
    }
}

/// Something of LiteRT's that is destroyed with its owner.
pub(super) struct Owned {
    pub(super) handle: Handle,
    destroy: Destroy,
    pub(super) runtime: Rc<Runtime>,
}

impl Owned {
    /// `destroy` is the function for what `handle` is.
    pub(super) fn new(runtime: &Rc<Runtime>, handle: Handle, destroy: Destroy) -> Self {
        Self { handle, destroy, runtime: Rc::clone(runtime) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: owned, and of the kind that the function destroys.
        unsafe { (self.destroy)(self.handle) }
    }
}
