package main

import (
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc"
)

// One track on its way to one subscriber. Of simulcast it is one layer, and another from that one's next key frame: with
// numbers and times that go on.
type forwarder struct {
	local  *webrtc.TrackLocalStaticRTP
	isVP8  bool
	mu     sync.Mutex
	isOpen bool
	// RIDs; empty if there is no simulcast
	current, wanted string
	// what is added to those of the publisher
	number uint16
	time   uint32
	// the newest that left
	lastNumber uint16
	lastTime   uint32
	lastAt     time.Time
}

func (f *forwarder) want(rid string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = rid
}

// The layer that a key frame is needed of.
func (f *forwarder) needed() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wanted
}

// Whether a key frame of this layer is needed: it is asked for until it comes, because browsers pass over what comes soon
// after the last one.
func (f *forwarder) forward(rid string, packet *rtp.Packet) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	isAnother := !f.isOpen || rid != f.current
	if isAnother {
		if rid != f.wanted {
			return false
		}
		if rid != "" && !f.startsKeyFrame(packet) {
			return true
		}
		f.follow(rid, packet)
	}
	out := *packet
	// numbers of header extensions are each connection's own
	out.Header.Extension = false
	out.Header.Extensions = nil
	out.Header.SequenceNumber += f.number
	out.Header.Timestamp += f.time
	if int16(out.Header.SequenceNumber-f.lastNumber) > 0 || isAnother {
		f.lastNumber, f.lastTime, f.lastAt = out.Header.SequenceNumber, out.Header.Timestamp, time.Now()
	}
	_ = f.local.WriteRTP(&out) // the subscriber may be gone
	return false
}

// From this packet on.
func (f *forwarder) follow(rid string, packet *rtp.Packet) {
	if f.isOpen {
		elapsed := uint32(time.Since(f.lastAt).Seconds() * float64(f.local.Codec().ClockRate))
		f.number = f.lastNumber + 1 - packet.SequenceNumber
		f.time = f.lastTime + elapsed + 1 - packet.Timestamp
	}
	f.isOpen, f.current = true, rid
}

// Simulcast is VP8's here. Its P bit, lowest of a frame's first byte, is 0 in key frames: that byte is clear.
func (f *forwarder) startsKeyFrame(packet *rtp.Packet) bool {
	descriptor := codecs.VP8Packet{}
	frame, err := descriptor.Unmarshal(packet.Payload)
	return f.isVP8 && err == nil && descriptor.S == 1 && descriptor.PID == 0 && len(frame) > 0 && frame[0]&1 == 0
}
