//! `calico-policy` for programs that speak C: one document in, one document out.
//!
//! The functions are those of `include/calico_policy.h`, which is generated from this file. This is the only crate of the
//! repository with unsafe code: two pointers come in, and one goes out. What is between them is `answer`, which is safe.
#![deny(unsafe_op_in_unsafe_fn)]

mod answer;

use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use answer::{ErrorKind, MAXIMUM_LENGTH, answer};

/// Decides. `request` is the address of `length` bytes of JSON, docs/embedding-request.schema.json.
///
/// Returns JSON with a final NUL, docs/embedding-response.schema.json: also for bad input, then with an error; never NULL.
/// The answer belongs to the caller, who gives it back to calico_policy_free exactly once. The request stays the caller's
/// and is not kept. Any number of threads may call at the same time; nothing is remembered between calls.
///
/// # Safety
/// `request` must be NULL or the address of `length` bytes that nobody changes during the call.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "the address and the length come from C")]
pub unsafe extern "C" fn calico_policy_decide(request: *const u8, length: usize) -> *mut c_char {
    give(guarded(|| {
        // Before a slice is made: one of more than `isize::MAX` bytes must not exist.
        if length > MAXIMUM_LENGTH {
            return answer::too_large(length);
        }
        if request.is_null() {
            return answer::null_request();
        }
        // SAFETY: not null, a byte needs no alignment, at most `MAXIMUM_LENGTH` is far below `isize::MAX`, and the caller
        // promises that `length` bytes are there and do not change. The slice ends with this closure.
        answer(unsafe { std::slice::from_raw_parts(request, length) })
    }))
}

/// Gives an answer back. NULL is ignored.
///
/// # Safety
/// `answer` must be NULL or come from calico_policy_decide, and must not be used afterwards.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "the address comes from C")]
pub unsafe extern "C" fn calico_policy_free(answer: *mut c_char) {
    if !answer.is_null() {
        // SAFETY: the caller promises that `give` made it with `into_raw` and that it is given back once. It is not longer or
        // shorter than it was, because a caller that writes into it breaks the same promise.
        drop(unsafe { CString::from_raw(answer) });
    }
}

/// The version of this library, as text with a final NUL. It lives as long as the program and is not given back.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "a name that C finds")]
pub extern "C" fn calico_policy_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"unknown",
    };
    VERSION.as_ptr()
}

/// A panic must not unwind into C. A program that is built with `panic = "abort"` ends instead.
fn guarded(call: impl FnOnce() -> String) -> String {
    // Whatever the call left half done is dropped with it.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| answer::INTERNAL.to_owned())
}

fn give(answer: String) -> *mut c_char {
    // JSON escapes NUL, so it is never in an answer and the default is never needed.
    CString::new(answer).unwrap_or_default().into_raw()
}

#[cfg(test)]
mod tests {
    #![expect(unsafe_code, reason = "the tests stand where a C program would")]

    use super::*;

    fn call(request: *const u8, length: usize) -> String {
        // SAFETY: every caller passes NULL or a slice's own address and length; the answer is copied, then given back once.
        unsafe {
            let answer = calico_policy_decide(request, length);
            assert!(!answer.is_null());
            let text = CStr::from_ptr(answer).to_str().unwrap().to_owned();
            calico_policy_free(answer);
            text
        }
    }

    #[test]
    fn bad_input_is_answered() {
        for (request, expected) in [
            (&b""[..], r#""kind":"InvalidRequest","text":"EOF while parsing a value at line 1 column 0""#),
            (b"{\xff}", r#""kind":"NotUtf8","text":"the request is not UTF-8 from byte 1 on""#),
            (b"{\0}", r#""kind":"InvalidRequest","text":"key must be a string at line 1 column 2""#),
            (b"{}", r#""kind":"InvalidRequest","text":"missing field `settings` at line 1 column 2""#),
        ] {
            assert_eq!(
                call(request.as_ptr(), request.len()),
                format!("{{\"decision\":null,\"error\":{{{expected}}}}}")
            );
        }
    }

    #[test]
    fn null_and_impossible_lengths_are_answered_without_a_look() {
        for length in [0, 1, MAXIMUM_LENGTH] {
            assert_eq!(
                call(std::ptr::null(), length),
                r#"{"decision":null,"error":{"kind":"NullRequest","text":"the request is a null pointer"}}"#
            );
        }
        let one = [b'{'];
        for (length, shown) in [(67_108_865, "67108865"), (usize::MAX, "18446744073709551615")] {
            // SAFETY is not asked for here: the length is refused before the address is looked at.
            assert_eq!(
                call(one.as_ptr(), length),
                format!(
                    r#"{{"decision":null,"error":{{"kind":"TooLarge","text":"the request has {shown} bytes, more than 67108864"}}}}"#
                )
            );
        }
    }

    #[test]
    fn a_deeply_nested_request_is_refused_and_does_not_overflow_the_stack() {
        let request = "[".repeat(1_000_000);
        assert!(call(request.as_ptr(), request.len()).contains("InvalidRequest"));
    }

    #[test]
    fn a_panic_becomes_an_answer() {
        let answer = give(guarded(|| panic!("a defect")));
        // SAFETY: `give` made it, and it is given back once.
        let text = unsafe { CString::from_raw(answer) };
        assert_eq!(
            text.to_str(),
            Ok(concat!(
                r#"{"decision":null,"error":{"kind":"Internal","#,
                r#""text":"a defect of calico-policy stopped this call; please report it with the request"}}"#
            ))
        );
    }

    /// Also where the request holds what a text of C cannot.
    #[test]
    fn a_nul_in_the_request_comes_back_escaped() {
        let request = br#"{"a\u0000b": 1}"#;
        assert!(call(request.as_ptr(), request.len()).contains(r"unknown field `a\u0000b`"));
    }

    #[test]
    fn nothing_is_given_back_for_null() {
        // SAFETY: NULL is allowed.
        unsafe { calico_policy_free(std::ptr::null_mut()) };
    }

    #[test]
    fn the_version_is_that_of_the_package() {
        // SAFETY: it is a constant.
        let version = unsafe { CStr::from_ptr(calico_policy_version()) };
        assert_eq!(version.to_str(), Ok("0.1.0"));
    }
}
