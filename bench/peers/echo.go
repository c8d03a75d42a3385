// The peer of bench/socket.ts: net/http on a Unix socket, answering with fixed bytes after reading the request's JSON, if any.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		panic(err)
	}
	answer := []byte(os.Args[2])
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			var body map[string]any
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				http.Error(w, err.Error(), 400)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	}
	fmt.Println("ready")
	panic(http.Serve(listener, http.HandlerFunc(handler)))
}
