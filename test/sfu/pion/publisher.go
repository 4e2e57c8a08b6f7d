package main

import (
	"errors"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc"
)

// Bytes of payloads that are kept of a publisher, from the first.
const maxSeen = 32 << 20

// How often a publisher is asked for a key frame of one layer at most.
const keyFrameInterval = 400 * time.Millisecond

// Who sends. The layers of its tracks become known as they come.
type publisher struct {
	connection *webrtc.PeerConnection
	tracks     []*track
	mu         sync.Mutex
	// every payload, one after another
	seen []byte
}

// Audio or video of a publisher.
type track struct {
	kind       webrtc.RTPCodecType
	codec      webrtc.RTPCodecCapability
	mu         sync.Mutex
	layers     map[string]webrtc.SSRC
	asked      map[string]time.Time
	forwarders map[*forwarder]bool
}

func (room *room) publish(offer string) (*publisher, string, error) {
	connection, err := room.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, "", err
	}
	p := &publisher{connection: connection}
	connection.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.receive(remote) })
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}
	if err := connection.SetRemoteDescription(description); err != nil {
		return nil, "", err
	}
	for _, transceiver := range connection.GetTransceivers() {
		negotiated := transceiver.Receiver().GetParameters().Codecs
		if len(negotiated) == 0 {
			return nil, "", errors.New("no codec in common")
		}
		p.tracks = append(p.tracks, &track{
			kind:       transceiver.Kind(),
			codec:      negotiated[0].RTPCodecCapability,
			layers:     map[string]webrtc.SSRC{},
			asked:      map[string]time.Time{},
			forwarders: map[*forwarder]bool{},
		})
	}
	answer, err := answerOf(connection)
	return p, answer, err
}

// Forwards one layer of one track until it ends.
func (p *publisher) receive(remote *webrtc.TrackRemote) {
	for _, t := range p.tracks {
		if t.kind != remote.Kind() {
			continue
		}
		t.mu.Lock()
		t.layers[remote.RID()] = remote.SSRC()
		t.mu.Unlock()
		for {
			packet, _, err := remote.ReadRTP()
			if err != nil {
				return
			}
			p.record(packet.Payload)
			for _, f := range t.all() {
				if f.forward(remote.RID(), packet) {
					p.ask(t, remote.RID())
				}
			}
		}
	}
}

func (p *publisher) record(payload []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen)+len(payload) <= maxSeen {
		p.seen = append(p.seen, payload...)
	}
}

func (p *publisher) recorded() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]byte(nil), p.seen...)
}

func (t *track) all() []*forwarder {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*forwarder, 0, len(t.forwarders))
	for f := range t.forwarders {
		list = append(list, f)
	}
	return list
}

func (t *track) add(f *forwarder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forwarders[f] = true
}

func (t *track) remove(f *forwarder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.forwarders, f)
}

// Asks for a key frame of a layer. Subscribers do it again if none comes.
func (p *publisher) ask(t *track, rid string) {
	t.mu.Lock()
	ssrc, isKnown := t.layers[rid]
	isSoon := time.Since(t.asked[rid]) < keyFrameInterval
	if isKnown && !isSoon {
		t.asked[rid] = time.Now()
	}
	t.mu.Unlock()
	if isKnown && !isSoon {
		_ = p.connection.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(ssrc)}})
	}
}
