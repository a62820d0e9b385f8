//! A wall clock that jumps, for programs that load libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first reading of the wall clock is yesterday, each further one a day before that; after a thousand it jumps back.
/// The other clocks are the system's.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  static unsigned readings;
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && clock == CLOCK_REALTIME)
    now->tv_sec -= 86400L * (1 + __atomic_fetch_add(&readings, 1, __ATOMIC_RELAXED) % 1000);
  return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *copy) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (copy)
    *copy = now.tv_sec;
  return now.tv_sec;
}
"#;

/// A library for `LD_PRELOAD`, in `folder`, that makes the wall clock jump.
pub fn jumping_clock(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, SOURCE).expect("the folder can be written to");
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source);
    let compiled = compiler.status().expect("there is a C compiler");
    assert!(compiled.success(), "{compiler:?}: {compiled}");
    library
}
