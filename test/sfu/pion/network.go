package main

import (
	"math/rand"
	"net"
	"sync"
	"time"
)

// What happens to media on its way to subscribers, as probabilities.
type faults struct {
	Loss, Reorder, Duplicate float64
}

// What has happened to it.
type networkCounts struct {
	Packets, Lost, Reordered, Duplicated int
}

// How much later a packet leaves that others are to overtake.
const (
	minDelay = 5 * time.Millisecond
	maxDelay = 60 * time.Millisecond
)

// A socket whose network is bad. It stands below everything else: answers to NACKs are lost as often as what they answer.
type network struct {
	net.PacketConn
	mu     sync.Mutex
	random *rand.Rand
	faults faults
	counts networkCounts
}

func newNetwork(socket net.PacketConn, seed int64) *network {
	return &network{PacketConn: socket, random: rand.New(rand.NewSource(seed))}
}

func (n *network) set(to faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = to
}

func (n *network) report() networkCounts {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counts
}

// RFC 7983: RTP and RTCP begin with 128 to 191; RFC 5761: RTCP has 64 to 95 where RTP has the payload type. STUN, DTLS and
// RTCP go unharmed. Publishers are sent no RTP.
func isMedia(packet []byte) bool {
	if len(packet) < 12 || packet[0] < 128 || packet[0] > 191 {
		return false
	}
	payloadType := packet[1] & 0x7f
	return payloadType < 64 || payloadType > 95
}

func (n *network) WriteTo(packet []byte, to net.Addr) (int, error) {
	if !isMedia(packet) {
		return n.PacketConn.WriteTo(packet, to)
	}
	copies, delay := n.fate()
	for i := 0; i < copies; i++ {
		if i == 0 && delay == 0 {
			if _, err := n.PacketConn.WriteTo(packet, to); err != nil {
				return 0, err
			}
			continue
		}
		later := append([]byte(nil), packet...)
		time.AfterFunc(delay, func() { _, _ = n.PacketConn.WriteTo(later, to) })
	}
	return len(packet), nil
}

// How often a packet leaves, and how much later.
func (n *network) fate() (copies int, delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counts.Packets++
	// drawn whatever the rates are, so that a packet's fate depends on its place alone
	lost, reordered, duplicated := n.random.Float64(), n.random.Float64(), n.random.Float64()
	wait := minDelay + time.Duration(n.random.Int63n(int64(maxDelay-minDelay)))
	if lost < n.faults.Loss {
		n.counts.Lost++
		return 0, 0
	}
	copies = 1
	if duplicated < n.faults.Duplicate {
		n.counts.Duplicated++
		copies, delay = 2, 0
	}
	if reordered < n.faults.Reorder {
		n.counts.Reordered++
		delay = wait
	}
	return copies, delay
}
