#include "base/letterbox.h"

#include <gtest/gtest.h>

namespace wfdcast {
namespace {

constexpr PictureSize k720p{1280, 720};
constexpr double kWide = 16.0 / 9;

TEST(Letterbox, AScreenOfThePicturesShapeIsThePicture) {
  for (const double aspect : {0.0, kWide}) {
    EXPECT_EQ(picture_point(0, 0, aspect, k720p), (PicturePoint{0, 0}));
    EXPECT_EQ(picture_point(0.5, 0.5, aspect, k720p), (PicturePoint{640, 360}));
    EXPECT_EQ(picture_point(1, 1, aspect, k720p), (PicturePoint{1279, 719}));
  }
}

TEST(Letterbox, BarsAtTheSidesAreNotThePicture) {
  const double aspect = 2 * kWide;  // the picture has the middle half
  EXPECT_EQ(picture_point(0.25, 0, aspect, k720p), (PicturePoint{0, 0}));
  EXPECT_EQ(picture_point(0.75, 1, aspect, k720p), (PicturePoint{1279, 719}));
  EXPECT_EQ(picture_point(0.24, 0.5, aspect, k720p), std::nullopt);
  EXPECT_EQ(picture_point(0.76, 0.5, aspect, k720p), std::nullopt);
}

TEST(Letterbox, NorAreThoseAboveAndBelow) {
  const double aspect = kWide / 2;
  EXPECT_EQ(picture_point(0, 0.25, aspect, k720p), (PicturePoint{0, 0}));
  EXPECT_EQ(picture_point(0.5, 0.24, aspect, k720p), std::nullopt);
  EXPECT_EQ(picture_point(0.5, 0.76, aspect, k720p), std::nullopt);
}

TEST(Letterbox, OutsideAndWithoutAPictureThereIsNothing) {
  EXPECT_EQ(picture_point(-0.01, 0.5, 0, k720p), std::nullopt);
  EXPECT_EQ(picture_point(0.5, 1.01, 0, k720p), std::nullopt);
  EXPECT_EQ(picture_point(0.5, 0.5, 0, {}), std::nullopt);
}

}  // namespace
}  // namespace wfdcast
