//! Measures one op on this machine.

use std::{error::Error, time::Duration};

use profiler::{Profiler, backend::Tract};

fn main() -> Result<(), Box<dyn Error>> {
    // A block of MobileNetV2: 14 x 14 pixels, 32 channels in and out and 6 times as many inside, a kernel of 3 x 3.
    let op = "mbconv-14x14x32-o32-e6-k3-s1-relu6-res".parse()?;
    // Ten seconds are for a first figure: leave them out, and it ends when the figures are known within 2 %.
    let measured = Profiler::on(Tract).pinned()?.within(Duration::from_secs(10)).measure(&op)?;
    for row in [measured.hot, measured.cold] {
        println!("{}: {:.4} ms ({:.4} to {:.4})", row.cache, row.latency_ms, row.ci_low_ms, row.ci_high_ms);
    }
    Ok(())
}
