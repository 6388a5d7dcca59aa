// Command decide reads a request from standard input and prints the answer: the smallest program that embeds the core.
// It ends with 1 where the answer is an error.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"calicopolicy"
)

func main() {
	request, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "read the request:", err)
		os.Exit(1)
	}
	answer := calicopolicy.Decide(request)
	fmt.Printf("%s\n", answer)
	var failed struct{ Error *struct{ Kind string } }
	if json.Unmarshal(answer, &failed) != nil || failed.Error != nil {
		os.Exit(1)
	}
}
