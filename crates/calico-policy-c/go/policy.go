// Package calicopolicy asks the decision core of the Calico extension, in process, through its C interface.
//
// Link with the static library: CGO_LDFLAGS="-L<its folder> -l:libcalico_policy_c.a".
package calicopolicy

/*
#cgo CFLAGS: -I${SRCDIR}/../include
#cgo linux LDFLAGS: -lm -ldl -lpthread
#include "calico_policy.h"
*/
import "C"

import "unsafe"

// Decide answers one request: JSON of docs/embedding-request.schema.json in, of docs/embedding-response.schema.json out.
// Bad input is answered too, with an error in the answer. Any number of goroutines may call at the same time.
func Decide(request []byte) []byte {
	// The library only reads the request, and only during the call: Go's memory may be lent to it. Nil stays a null pointer.
	answer := C.calico_policy_decide((*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(request))), C.size_t(len(request)))
	defer C.calico_policy_free(answer)
	return []byte(C.GoString(answer))
}

// Version is the version of the library that is linked.
func Version() string {
	return C.GoString(C.calico_policy_version())
}
