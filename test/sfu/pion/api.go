package main

import (
	"net"

	"github.com/pion/interceptor"
	"github.com/pion/sdp"
	"github.com/pion/webrtc"
)

// Whoever offers offers one codec of a kind. There is no RTX: what is asked for again comes again as it was.
func supported() map[webrtc.RTPCodecType][]webrtc.RTPCodecParameters {
	video := func(mime, fmtp string, payloadType webrtc.PayloadType) webrtc.RTPCodecParameters {
		return webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp},
			PayloadType:        payloadType,
		}
	}
	return map[webrtc.RTPCodecType][]webrtc.RTPCodecParameters{
		webrtc.RTPCodecTypeAudio: {{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
			},
			PayloadType: 111,
		}},
		webrtc.RTPCodecTypeVideo: {
			video(webrtc.MimeTypeVP8, "", 96),
			video(webrtc.MimeTypeVP9, "profile-id=0", 98),
			video(webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", 102),
			video(webrtc.MimeTypeAV1, "", 45),
		},
	}
}

// Connections over one socket: so that everything that leaves passes through the network's faults.
func newAPI(socket net.PacketConn) (*webrtc.API, error) {
	engine := &webrtc.MediaEngine{}
	for kind, ofKind := range supported() {
		for _, codec := range ofKind {
			if err := engine.RegisterCodec(codec, kind); err != nil {
				return nil, err
			}
		}
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.SDESRTPStreamIDURI} {
		capability := webrtc.RTPHeaderExtensionCapability{URI: uri}
		if err := engine.RegisterHeaderExtension(capability, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	// NACK both ways, reports, and what senders estimate their bandwidth by
	interceptors := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(engine, interceptors); err != nil {
		return nil, err
	}
	settings := webrtc.SettingEngine{}
	settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, socket))
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetLite(true)
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(interceptors),
		webrtc.WithSettingEngine(settings),
	), nil
}
