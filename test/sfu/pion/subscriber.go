package main

import (
	"strings"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc"
)

// Who receives all tracks of one publisher.
type subscriber struct {
	connection *webrtc.PeerConnection
	publisher  *publisher
	forwarders map[*track]*forwarder
}

// `rid` is the layer to begin with; empty if there is no simulcast.
func (room *room) subscribe(p *publisher, offer, rid string) (*subscriber, string, error) {
	connection, err := room.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, "", err
	}
	s := &subscriber{connection: connection, publisher: p, forwarders: map[*track]*forwarder{}}
	for _, t := range p.tracks {
		local, err := webrtc.NewTrackLocalStaticRTP(t.codec, t.kind.String(), "forwarded")
		if err != nil {
			return nil, "", err
		}
		sender, err := connection.AddTrack(local)
		if err != nil {
			return nil, "", err
		}
		f := &forwarder{local: local, isVP8: strings.EqualFold(t.codec.MimeType, webrtc.MimeTypeVP8)}
		if t.kind == webrtc.RTPCodecTypeVideo {
			f.wanted = rid
		}
		s.forwarders[t] = f
		go s.listen(t, f, sender)
	}
	connection.OnConnectionStateChange(s.changed)
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}
	if err := connection.SetRemoteDescription(description); err != nil {
		return nil, "", err
	}
	answer, err := answerOf(connection)
	return s, answer, err
}

func (s *subscriber) changed(state webrtc.PeerConnectionState) {
	for t, f := range s.forwarders {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			t.add(f)
			s.publisher.ask(t, f.needed())
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			t.remove(f)
		}
	}
}

// What the subscriber reports. It wants a key frame when it cannot go on, or to begin with.
func (s *subscriber) listen(t *track, f *forwarder, sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				s.publisher.ask(t, f.needed())
			}
		}
	}
}

// Another layer, from its next key frame.
func (s *subscriber) want(rid string) {
	for t, f := range s.forwarders {
		if t.kind == webrtc.RTPCodecTypeVideo {
			f.want(rid)
			s.publisher.ask(t, rid)
		}
	}
}

// With all candidates.
func answerOf(connection *webrtc.PeerConnection) (string, error) {
	answer, err := connection.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(connection)
	if err := connection.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return connection.LocalDescription().SDP, nil
}
