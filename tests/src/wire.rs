//! What stands between adb and a phone: a wire that breaks at a chosen moment, and a phone that trusts nobody.

use crate::phone::{adb, until};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::thread;

/// How a wire breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Both ends see it.
    Cut,
    /// Nothing passes any more, and nobody learns of it, as when a phone leaves the network.
    Silence,
}

/// A phone's address behind a wire that breaks, once, when the phone has just sent `mark`. A new connection is whole.
pub fn breaking_wire(phone: &str, mark: &'static [u8], how: Break) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (phone, sprung) = (phone.to_owned(), Arc::new(AtomicBool::new(false)));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&phone) else { continue };
            let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else { continue };
            thread::spawn(move || pass(from_client, to_server, None));
            let trap = Trap { mark, how, sprung: Arc::clone(&sprung), seen: Vec::new() };
            thread::spawn(move || pass(server, client, Some(trap)));
        }
    });
    address
}

/// Where a wire breaks.
struct Trap {
    mark: &'static [u8],
    how: Break,
    sprung: Arc<AtomicBool>,
    seen: Vec<u8>,
}

impl Trap {
    /// How many of these bytes pass before the wire breaks, if it breaks among them.
    fn spring(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.sprung.load(Ordering::Relaxed) {
            return None;
        }
        let before = self.seen.len();
        self.seen.extend_from_slice(bytes);
        let Some(place) = self.seen.windows(self.mark.len()).position(|window| window == self.mark) else {
            self.seen.drain(..self.seen.len().saturating_sub(self.mark.len() - 1));
            return None;
        };
        self.sprung.store(true, Ordering::Relaxed);
        Some((place + self.mark.len()).saturating_sub(before))
    }
}

/// Passes on what comes until an end is closed or the trap springs.
fn pass(mut from: TcpStream, mut to: TcpStream, mut trap: Option<Trap>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let breaks = trap.as_mut().and_then(|trap| trap.spring(&buffer[..count]));
        if to.write_all(&buffer[..breaks.unwrap_or(count)]).is_err() {
            break;
        }
        match (breaks, &trap) {
            (None, _) => {}
            (Some(_), Some(Trap { how: Break::Silence, .. })) => loop {
                // Both ends stay open.
                thread::park();
            },
            (Some(_), _) => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// A phone that is locked, known to adb.
pub fn known_locked_phone() -> String {
    let locked = locked_phone();
    adb(&["connect", &locked]).output().expect("adb runs");
    until("adb knows the locked phone", || {
        let listed = adb(&["devices"]).output().expect("adb runs");
        String::from_utf8_lossy(&listed.stdout).contains(&format!("{locked}\tunauthorized"))
    });
    locked
}

/// Address of a phone on which nobody has confirmed the question whether to trust this computer: whatever adb signs,
/// it asks for another signature, and it says nothing to a new key.
///
/// Source: Android's `system/core/adb/protocol.txt`, "AUTH".
fn locked_phone() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || refuse(client));
        }
    });
    address
}

fn refuse(mut client: TcpStream) {
    const CONNECT: u32 = u32::from_le_bytes(*b"CNXN");
    const AUTHENTICATE: u32 = u32::from_le_bytes(*b"AUTH");
    const TOKEN: u32 = 1;
    const PUBLIC_KEY: u32 = 3;
    let mut header = [0; 24];
    while client.read_exact(&mut header).is_ok() {
        let word =
            |index: usize| header.iter().skip(4 * index).take(4).rev().fold(0, |w, b| w << 8 | u32::from(*b));
        let (command, kind, length) = (word(0), word(1), word(3));
        let mut payload = vec![0; length as usize];
        if client.read_exact(&mut payload).is_err() {
            return;
        }
        if command == CONNECT || (command == AUTHENTICATE && kind != PUBLIC_KEY) {
            let token = [7_u8; 20];
            let sum = token.iter().map(|byte| u32::from(*byte)).sum();
            let words = [AUTHENTICATE, TOKEN, 0, token.len() as u32, sum, !AUTHENTICATE];
            let message: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).chain(token).collect();
            if client.write_all(&message).is_err() {
                return;
            }
        }
    }
}
