// A small SFU for tests, on Pion. It forwards RTP, switches among the layers of simulcast, answers NACKs and asks for what
// is missing itself; and its network loses, reorders and duplicates packets as it is told. It has no key: what it forwards
// is noise to it.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	address := flag.String("address", "127.0.0.1", "where media goes through")
	seed := flag.Int64("seed", 1, "of what happens to packets")
	flag.Parse()

	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(*address)})
	if err != nil {
		log.Fatal(err)
	}
	network := newNetwork(socket, *seed)
	api, err := newAPI(network)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go endWithParent()
	log.Fatal(http.Serve(listener, newRoom(api, network).handler()))
}

// Whoever started this holds the other end of its standard input.
func endWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
