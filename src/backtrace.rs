//! No backtraces, where the module is built by itself.
//!
//! The module's panic hook prints nothing, but the standard library cannot know that. It brings along what
//! its own hook would make a backtrace with: readers of ELF and DWARF, a twelfth of the module, mapped into
//! every setuid program that asks PAM. All of that hangs on one function of the C compiler's library. Where
//! the module has its own, which sees no frame, the linker leaves the rest out. Unwinding, and with it
//! the catching of panics, goes another way (`_Unwind_RaiseException`).

use std::ffi::{c_int, c_void};

/// `_URC_END_OF_STACK` of the Itanium C++ ABI, exception handling, §1.2.
const END_OF_STACK: c_int = 5;

// The symbol is for this object alone: the host keeps its own.
std::arch::global_asm!(".hidden _Unwind_Backtrace");

/// Walks no stack: `_Unwind_Backtrace` as the Linux Standard Base has it, for a stack without frames.
// SAFETY: it has the name and signature of that function, does nothing, and returns one of its results.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}
