/* gst-rtsp-server with one shared TS file, multicast, as its own examples do it: the
 * peer of the session benchmark.
 *
 *   gst_rtsp_peer PORT FILE */
#include <gst/rtsp-server/rtsp-server.h>

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc != 3) return 2;
  GMainLoop* loop = g_main_loop_new(NULL, FALSE);
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_service(server, argv[1]);
  gst_rtsp_server_set_backlog(server, 4096);
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  gchar* launch = g_strdup_printf(
      "( filesrc location=%s ! tsparse set-timestamps=true ! rtpmp2tpay name=pay0 pt=33 )", argv[2]);
  gst_rtsp_media_factory_set_launch(factory, launch);
  g_free(launch);
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  GstRTSPAddressPool* pool = gst_rtsp_address_pool_new();
  gst_rtsp_address_pool_add_range(pool, "239.0.0.12", "239.0.0.12", 15560, 15561, 2);
  gst_rtsp_media_factory_set_address_pool(factory, pool);
  gst_rtsp_media_factory_set_protocols(factory, GST_RTSP_LOWER_TRANS_UDP_MCAST);
  g_object_unref(pool);
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, "/wfd1.0/streamid=0", factory);
  g_object_unref(mounts);
  gst_rtsp_server_attach(server, NULL);
  g_main_loop_run(loop);
  return 0;
}
