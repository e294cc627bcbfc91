//! The allocator of a component: a small arena first, std's allocator when it is used up.
//!
//! An instance lives for one call, so what is freed need not be found again; and a memory that does not grow need not be
//! shrunk for the next call, which costs the host more than most plugins' work.
//!
//! Deliberately absent: threads. A component has one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

const BYTES: usize = 96 << 10;

#[repr(align(16))]
struct Arena {
    bytes: UnsafeCell<[u8; BYTES]>,
    used: Cell<usize>,
}

// SAFETY: a component of this contract runs on one thread.
unsafe impl Sync for Arena {}

impl Arena {
    /// Where a block would begin, if there is room.
    fn place(&self, layout: Layout) -> Option<usize> {
        let start = self.used.get().checked_next_multiple_of(layout.align())?;
        let end = start.checked_add(layout.size())?;
        (layout.align() <= 16 && end <= BYTES).then_some(start)
    }

    /// Where in the arena a block begins, if it is of the arena.
    fn holds(&self, block: *mut u8) -> Option<usize> {
        let start = self.bytes.get() as usize;
        (block as usize).checked_sub(start).filter(|offset| *offset < BYTES)
    }
}

// SAFETY: blocks of the arena do not overlap, since `used` only grows past what was given out, or falls back to the start of
// the last block when that is freed; all others are `System`'s.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.place(layout) {
            Some(start) => {
                self.used.set(start + layout.size());
                // SAFETY: `place` has seen that the block is within the arena.
                unsafe { self.bytes.get().cast::<u8>().add(start) }
            }
            // SAFETY: the caller's promises are passed on.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.holds(block) {
            Some(start) if start + layout.size() == self.used.get() => self.used.set(start),
            Some(_) => {}
            // SAFETY: what the arena does not hold, `System` gave.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(start) = self.holds(block) else {
            // SAFETY: what the arena does not hold, `System` gave.
            return unsafe { System.realloc(block, layout, size) };
        };
        // The last block grows in place.
        if start + layout.size() == self.used.get() && start + size <= BYTES {
            self.used.set(start + size);
            return block;
        }
        // SAFETY: the caller promises a size that makes a layout; both blocks are at least as long as what is copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(block, new, layout.size().min(size));
            }
            new
        }
    }
}

#[global_allocator]
static ARENA: Arena = Arena { bytes: UnsafeCell::new([0; BYTES]), used: Cell::new(0) };
